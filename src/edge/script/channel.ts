/** The channel between the tabs of a browser: `BroadcastChannel`, and where there is none, the events of its storage. */
import { readMessage, type Message } from "./messages.js";

const NAME = "hourgate";

/** An open channel. */
export interface Channel {
  tell(message: Message): void;
  close(): void;
}

/** Opens the channel. An open one keeps a page out of the back/forward cache: close it when the page is hidden. */
export function openChannel(hear: (message: Message) => void): Channel {
  const take = (data: unknown): void => {
    const message = readMessage(data);
    if (message !== null) hear(message);
  };
  return "BroadcastChannel" in window ? broadcast(take) : storage(take);
}

function broadcast(take: (data: unknown) => void): Channel {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = (event): void => {
    take(event.data);
  };
  return {
    tell: (message): void => {
      channel.postMessage(message);
    },
    close: (): void => {
      channel.close();
    },
  };
}

function storage(take: (data: unknown) => void): Channel {
  const onStorage = (event: StorageEvent): void => {
    if (event.key !== NAME || event.newValue === null) return;
    try {
      take(JSON.parse(event.newValue));
    } catch {
      // Not one of ours.
    }
  };
  addEventListener("storage", onStorage);
  return {
    tell: (message): void => {
      try {
        localStorage.setItem(NAME, JSON.stringify(message));
        localStorage.removeItem(NAME);
      } catch {
        // Storage is switched off: each tab then asks the gateway for itself.
      }
    },
    close: (): void => {
      removeEventListener("storage", onStorage);
    },
  };
}
