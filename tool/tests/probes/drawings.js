// How many drawings of each figure can be seen.
() => [...document.querySelectorAll("figure.stp-figure")]
  .map((figure) => [...figure.querySelectorAll("svg.stp-svg")].filter((e) => e.checkVisibility()).length)
