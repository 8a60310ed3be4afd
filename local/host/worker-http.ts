import { Server as HttpServer } from 'node:http';
import { Server } from 'node:net';
import { programmingModel } from './functions-core.ts';

/**
 * Ends the app's setup. With HTTP streams the library then opens a server of its own, and its port is returned.
 * It would listen on all addresses of the machine: here it is reached from loopback only.
 */
export async function startWorkerHttp(): Promise<number | undefined> {
  const { HttpUri } = await listeningOnLoopback(() => programmingModel().getCapabilities({}));
  return HttpUri === undefined ? undefined : Number(new URL(HttpUri).port);
}

/** `start` must call `listen`, without an address, before it returns. */
function listeningOnLoopback<T>(start: () => T): T {
  const changed = HttpServer.prototype as { listen?: unknown };
  changed.listen = function (this: HttpServer, whenReady: () => void) {
    return Reflect.apply(Server.prototype.listen, this, [0, '127.0.0.1', whenReady]);
  };
  try {
    return start();
  } finally {
    delete changed.listen;
  }
}
