// What a script, a handler and a style that get onto a page can do there.
() => {
  document.body.insertAdjacentHTML("beforeend",
    '<p id="x" style="position: fixed" onclick="window.ran = 1">x</p>');
  const script = document.createElement("script");
  script.textContent = "window.ran = 1";
  document.body.append(script);
  document.getElementById("x").click();
  return [window.ran, getComputedStyle(document.getElementById("x")).position];
}
