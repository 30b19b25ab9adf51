import { setTimeout as sleep } from 'node:timers/promises';
import { ScaledFleet } from './fleet.mjs';

/** How often each client asks while servers are away. */
const PAUSE_MS = 500;
const KB = 1024;

/** What connections cost, of fleets of several sizes. */
export async function growth(dist, sizes, tell) {
  const rows = [];
  for (const size of sizes) {
    tell(`${size.clients} clients, ${size.servers} servers`);
    const fleet = await ScaledFleet.start(dist, size);
    const connections = size.clients * size.servers;
    const { before, after } = fleet.memory;
    rows.push({
      clients: size.clients,
      servers: size.servers,
      connections,
      'connections per server': size.clients,
      'memory per client': `${Math.round((after - before) / KB / size.clients)} KB`,
      'of it per connection': `${((after - before) / KB / connections).toFixed(1)} KB`,
    });
    await fleet.stop();
  }
  return rows;
}

/** What a fleet does while servers are away, and as they come back. */
export async function outages(dist, size, seconds, tell) {
  const fleet = await ScaledFleet.start(dist, size);
  const rows = [];
  const { ports } = fleet;
  const cases = [
    { name: 'one server', away: ports.slice(0, 1) },
    { name: 'a rack of ten', away: ports.slice(0, 10) },
    { name: `all ${ports.length}`, away: ports },
  ];
  for (const { name, away } of cases) {
    tell(`${name} away`);
    await fleet.clients('traffic', { pauseMs: PAUSE_MS });
    await sleep(1000);
    await fleet.down(away);
    await sleep(2000);
    await fleet.clients('attempts');
    await sleep(seconds * 1000);
    const attempts = sum(await fleet.clients('attempts')) / seconds;
    await fleet.accepted(away, 0);
    const up = await fleet.up(away);
    const reached = Math.max(...(await fleet.clients('reached')));
    await fleet.clients('quiet');
    const times = await fleet.accepted(away, up);
    const inFirstSecond = times.filter((time) => time < 1000);
    const slices = Array.from({ length: 10 }, (_, slice) => inSlice(inFirstSecond, slice));
    rows.push({
      away: name,
      'probes a second, of the fleet': Math.round(attempts),
      'of one client to one server': (attempts / size.clients / away.length).toFixed(2),
      'connections in the first second': inFirstSecond.length,
      'in the fullest tenth of it': `${Math.max(...slices)} (${share(Math.max(...slices), inFirstSecond.length)})`,
      'all have all again after': `${Math.round(reached)} ms`,
    });
  }
  tell('a cold fleet');
  await fleet.down(ports);
  await fleet.up(ports);
  await fleet.clients('reached');
  const keys = 100;
  const loaded = await fleet.clients('load', { keys, loadMs: 100, run: 1 });
  const loads = sum(loaded.map((each) => each.loads));
  tell('invalidations that are owed');
  const [port] = ports;
  await fleet.down([port]);
  const perClient = 20;
  const owed = sum(await fleet.clients('invalidate', { server: `127.0.0.1:${port}`, count: perClient }));
  await fleet.up([port]);
  const paid = Math.max(...(await fleet.clients('paid')));
  await fleet.stop();
  return {
    rows,
    cold: { keys, calls: keys * size.clients, loads, 'loads per key': (loads / keys).toFixed(2) },
    owed: { owed, 'by each client': perClient, 'delivered after': `${Math.round(paid)} ms` },
  };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function inSlice(times, slice) {
  return times.filter((time) => Math.floor(time / 100) === slice).length;
}

function share(part, whole) {
  return `${Math.round((100 * part) / Math.max(1, whole))} %`;
}
