// A page of the preview is loaded again when a newer build than its own has ended.
const number = new URL(document.currentScript.src).search.slice(1)
const ask = () => fetch(`/_preview/${number}`).then(() => location.reload(), () => setTimeout(ask, 1000))
ask()
