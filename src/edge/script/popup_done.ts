/** The last page of the window in which somebody signed in again: it tells the pages that wait, and goes. */
import { openChannel } from "./channel.js";

const channel = openChannel(() => undefined);
channel.tell({ v: 1, t: "reauthenticated" });
// A moment for the message to leave. Where the browser does not let a page close itself, its text says what to do.
setTimeout(() => {
  channel.close();
  window.close();
}, 100);
