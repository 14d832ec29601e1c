// The one script of every page: theme before the first paint, then theme switch, copying, keys and scrolling parts.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const MODES = ["auto", "light", "dark"];
  const remembered = () => {
    try { return localStorage.getItem("mode"); } catch { return null; } // storage may be forbidden
  };
  let mode = MODES.includes(remembered()) ? remembered() : "auto";
  const paint = () => {
    root.dataset.theme = mode !== "auto" ? mode : dark.matches ? "dark" : "light";
  };
  paint();
  dark.addEventListener("change", paint);

  const copyButton = (block) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "stp-copy";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    const text = block.textContent;
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(text).then(
        () => { button.textContent = "Copied"; },
        () => { button.textContent = "Not copied: select the text instead"; });
      setTimeout(() => { button.textContent = "Copy"; }, 3000);
    });
    block.before(button);
  };

  // What scrolls sideways must be reachable with the keyboard, and only then.
  const scrollers = () => {
    for (const part of document.querySelectorAll(".stp-scroll, .stp-picture, .cell_output .output, pre")) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  };

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".stp-theme-button");
    const say = () => { button.textContent = `Theme: ${mode}`; };
    say();
    button.hidden = false;
    button.addEventListener("click", () => {
      mode = MODES[(MODES.indexOf(mode) + 1) % MODES.length];
      try { localStorage.setItem("mode", mode); } catch { /* then only for this page */ }
      paint();
      say();
    });
    if (navigator.clipboard) document.querySelectorAll(":not(.output) > div.highlight > pre").forEach(copyButton);
    // A link within the page leaves the page open behind what it was chosen from.
    document.querySelectorAll("[popover]").forEach((part) => part.addEventListener("click", (event) => {
      if (event.target.closest("a[href^='#']") && part.matches(":popover-open")) part.hidePopover();
    }));
    const here = document.querySelector(".stp-menu [aria-current]");
    if (here) here.closest(".stp-menu").scrollTop = here.offsetTop - innerHeight / 2;
    scrollers();
    addEventListener("resize", scrollers);
    addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, [contenteditable]");
      if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
        const fields = [...document.querySelectorAll("input[type=search]")].filter((field) => field.offsetParent);
        if (!fields.length) return;
        event.preventDefault();
        fields[0].focus();
        fields[0].select();
      }
    });
  });
})();
