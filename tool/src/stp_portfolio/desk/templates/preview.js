// A page of the preview is loaded again when a newer build than its own has ended.
new EventSource("/_preview").onmessage = event => {
  const script = document.querySelector("script[src*=_preview]")
  if (event.data !== new URL(script.src).search.slice(1)) location.reload()
}
