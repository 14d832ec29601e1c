// The number of the control that has the focus, how its outline looks, where it lies, and whether it has a name.
// A control without a number is a part that scrolls: Firefox stops there of its own accord. None: on the page itself.
() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(e);
  const named = e.hasAttribute("tabindex") ? e.role && e.ariaLabel : e.textContent.trim() || e.labels?.length || e.ariaLabel;
  return [e === document.body ? null : e.dataset.stop ?? -1, outlineStyle, parseFloat(outlineWidth), box.width, box.right, Boolean(named)];
}
