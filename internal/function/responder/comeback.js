(() => {
  const ordinary = Number(document.currentScript.dataset.retryAfter) * 1000
  let asked = Date.now()
  let due = asked + ordinary

  // look asks for the page that was refused, without following where it leads:
  // an application behind a login elsewhere answers with a redirect that no
  // script can read, which is an answer of the application's all the same.
  const look = method => fetch(location.href, { method, cache: 'no-store', redirect: 'manual' })
  const closed = answer => answer.headers.get('X-Maintenance-Mode') === 'on'

  // ask asks whether the application is back, without loading anything, and
  // leaves the page alone while it is not.
  async function ask() {
    asked = Date.now()
    due = asked + ordinary
    try {
      let answer = await look('HEAD')
      if (answer.status === 501) answer = await look('GET') // it knows no HEAD
      if (closed(answer)) {
        due = asked + Number(answer.headers.get('Retry-After')) * 1000
      } else if (answer.status < 500) { // 0 for a redirect
        location.hash ? location.reload() : location.replace(location.href)
      }
    } catch {
      due = asked + 60000 // offline
    }
  }

  setInterval(() => {
    if (Date.now() >= due) ask()
  }, 5000)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && Date.now() - asked > 60000) ask()
  })
})()
