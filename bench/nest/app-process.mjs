/* An application in a process of its own. Tells its port, and, whenever asked, its processor time and calls so far. */
import { startApp } from './apps.mjs';

const { app: name, servers, from, platform } = JSON.parse(process.argv[2]);
const app = await startApp(name, servers, from, platform);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system, calls: app.calls() });
});
process.once('disconnect', () => process.exit(0));
process.send({ port: app.port });
