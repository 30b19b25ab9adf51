import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { chromium } from 'playwright-core';

/** Starts the browser that `CHROMIUM` names; `chromium` on PATH without it. */
export function launchChromium() {
  return chromium.launch({ executablePath: onPath(process.env.CHROMIUM ?? 'chromium') });
}

/** The path of a program; the browser's launcher does not look for it. */
function onPath(program) {
  const paths = process.env.PATH.split(delimiter).map((folder) => resolve(folder, program));
  return paths.find((path) => existsSync(path)) ?? program;
}
