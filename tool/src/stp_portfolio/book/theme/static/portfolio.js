// The one script of every page: theme before the first paint, then theme switch, copying, search, menus and scrolling parts.
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

  // What scrolls sideways must be reachable with the keyboard, by a name, and only then.
  const scrollers = () => {
    for (const part of document.querySelectorAll(".stp-scroll, .stp-picture, .cell_output .output, pre")) {
      if (part.scrollWidth > part.clientWidth) {
        const caption = part.querySelector("caption")?.textContent;
        part.tabIndex = 0;
        part.role ||= caption ? "region" : "group";
        part.ariaLabel ||= caption ?? (part.matches("pre") ? "Code" : part.matches(".stp-scroll") ? "Table" : "Output");
      } else {
        part.removeAttribute("tabindex");
        if (part.role !== "img") part.role = part.ariaLabel = null;
      }
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
    // An open menu lies over the page: it closes where a link within the page, or the keyboard, leads there.
    document.querySelectorAll("[popover]").forEach((part) => {
      part.addEventListener("click", (event) => {
        if (event.target.closest("a[href^='#']")) part.hidePopover();
      });
      addEventListener("focusin", ({ target }) => {
        if (!part.contains(target) && target.matches(":focus-visible")) part.hidePopover();
      });
    });
    // By its address: in a folder Firefox counts no form as sent to the book itself, and the policy would stop it.
    document.querySelectorAll("form[role=search]").forEach((form) => form.addEventListener("submit", (event) => {
      event.preventDefault();
      location.assign(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    }));
    const here = document.querySelector(".stp-menu [aria-current]");
    if (here) here.closest(".stp-menu").scrollTop = here.offsetTop - innerHeight / 2;
    scrollers();
    addEventListener("resize", scrollers);
  });
})();
