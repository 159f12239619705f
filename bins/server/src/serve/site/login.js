// Keeps what stands behind the # of the address: the view that was asked for. The server never sees it, and a form drops it.
const form = document.querySelector('form');
if (form !== null) form.action += location.hash;
