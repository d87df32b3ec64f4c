document.querySelector('button').addEventListener('click', () => history.back())
