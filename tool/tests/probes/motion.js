// How many parts of a page move or glide.
() => document.getAnimations().length
  + [...document.querySelectorAll("*")].filter((e) => {
      const s = getComputedStyle(e);
      return s.scrollBehavior === "smooth"
        || s.transitionDuration.split(",").some((t) => parseFloat(t) > 0);
    }).length
