// The page's clock. It stands still until the test moves it, and timers go by it. What the page has asked for in the
// meantime is waited for, so that an answer arrives at the instant of its question.
(() => {
  let now = Number(document.currentScript.dataset.now);
  const timers = new Map();
  const underway = new Set();
  let last = 0;

  function add(act, span, every) {
    last += 1;
    timers.set(last, { at: now + (Number(span) || 0), act, every });
    return last;
  }
  const { setTimeout } = window;
  Date.now = () => now;
  window.setTimeout = (act, span, ...rest) => add(() => act(...rest), span, null);
  window.setInterval = (act, span, ...rest) => add(() => act(...rest), span, Number(span));
  window.clearTimeout = window.clearInterval = (id) => timers.delete(id);

  function waitFor(owner, name) {
    const original = owner[name];
    owner[name] = function (...rest) {
      const promise = original.apply(this, rest);
      underway.add(promise);
      const over = () => underway.delete(promise);
      promise.then(over, over);
      return promise;
    };
  }
  waitFor(window, "fetch");
  waitFor(Response.prototype, "json");
  waitFor(LockManager.prototype, "request");

  // Not a timer: those of hidden tabs are slow.
  const turn = () => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

  async function settled() {
    do {
      await Promise.allSettled(underway);
      await turn();
    } while (underway.size > 0);
  }

  function takeDue() {
    const due = [...timers].filter(([, timer]) => timer.at <= now).sort(([, one], [, other]) => one.at - other.at)[0];
    if (due === undefined) return null;
    const [id, timer] = due;
    if (timer.every === null) timers.delete(id);
    else timer.at = now + timer.every;
    return timer.act;
  }

  window.testClock = {
    // For those who are no part of the page.
    setTimeout,
    set(instant) {
      now = instant;
    },
    // Runs what is due, until nothing is.
    async run() {
      for (;;) {
        await settled();
        const act = takeDue();
        if (act === null) return;
        act();
      }
    },
  };
})();
