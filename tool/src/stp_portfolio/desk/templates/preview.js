// A page of the preview is loaded again when a newer book is there; what is wrong since then stands above it.
const number = new URL(document.currentScript.src).search.slice(1)
const fault = document.createElement('section')
fault.className = 'stp-fault'
fault.tabIndex = 0
fault.role = 'alert'
fault.ariaLabel = 'The book has a fault'
fault.innerHTML = '<strong>The book has a fault</strong><p>Fix it and save: this goes by itself. The page is as it last was without a fault.</p><pre></pre>'

// Whatever comes or goes above, the words on the screen stay where they are.
const place = (change) => {
  const before = fault.offsetHeight
  change()
  if (scrollY > 0) scrollBy(0, fault.offsetHeight - before)
}

const show = (said) => place(() => {
  fault.querySelector('pre').textContent = said
  if (said && !fault.isConnected) document.body.prepend(fault)
  if (!said) fault.remove()
})

const ask = async (step) => {
  const told = await (await fetch(`/_preview/${step}`)).json()
  show(told.said)
  if (told.number === number) ask(told.step).catch(again)
  else location.reload()
}
const again = () => setTimeout(() => ask(0).catch(again), 1000)
document.documentElement.style.overflowAnchor = 'none'
ask(0).catch(again)
