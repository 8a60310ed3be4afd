import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOnLoopback } from '../loopback-server.ts';
import { ownerOf, type PortName, portNames, portOf } from './addresses.ts';

/** Throws an error that names every port that is taken, who wants it, and the flag. Waits up to `patienceSeconds`. */
export async function checkPorts(portBase: number, patienceSeconds = 0): Promise<void> {
  const end = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const taken = await takenPorts(portBase);
    if (taken.length === 0) return;
    if (Date.now() >= end) {
      const list = taken
        .map((name) => `port ${portOf(portBase, name)}, wanted by ${ownerOf(name)}`)
        .join('; ');
      throw new Error(
        `Cannot start: ${taken.length === 1 ? 'a port is' : `${taken.length} ports are`} taken (${list}); free ${taken.length === 1 ? 'it' : 'them'}, or move the whole block with --port-base N.`,
      );
    }
    await sleep(250);
  }
}

/** A port base whose whole block is free now; blocks lie below the ports that systems give out by themselves. */
export async function findFreePortBase(): Promise<number> {
  for (;;) {
    const portBase = randomInt(200, 320) * 100;
    if ((await takenPorts(portBase)).length === 0) return portBase;
  }
}

async function takenPorts(portBase: number): Promise<PortName[]> {
  const checks = portNames.map(async (name) => ((await isFree(portOf(portBase, name))) ? [] : [name]));
  return (await Promise.all(checks)).flat();
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listenOnLoopback(server, port);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}
