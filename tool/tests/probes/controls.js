// Number each control that can be seen; how many there are.
() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .map((e, i) => (e.dataset.stop = i, i)).length
