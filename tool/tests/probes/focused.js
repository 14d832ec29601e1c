// The number of the control that has the focus, how its outline looks, and where it lies.
() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(e);
  return [e.dataset.stop, outlineStyle, parseFloat(outlineWidth), box.width, box.right];
}
