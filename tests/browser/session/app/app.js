// Whatever the page's policy forbids.
window.forbidden = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  forbidden.push(`${violatedDirective} ${blockedURI}`);
});
// What the app does by itself: it asks for news every minute, and has a button of its own for signing out.
setInterval(() => fetch("/api/news"), 60000);
document.getElementById("leave").addEventListener("click", () => hourgate.signOut());
