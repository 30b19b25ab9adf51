import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What users import, by the names they import it by. */
const ENTRIES = {
  'nestjs-memcached': 'lib/index.ts',
  'nestjs-memcached/testing': 'lib/testing/index.ts',
  'nestjs-memcached/dashboard': 'lib/dashboard/index.ts',
  'nestjs-memcached/keyv': 'lib/adapters/keyv.ts',
  'nestjs-memcached/throttler': 'lib/adapters/throttler.ts',
  'nestjs-memcached/session': 'lib/adapters/session.ts',
  'nestjs-memcached/bus/redis': 'lib/adapters/bus/redis.ts',
  'nestjs-memcached/bus/rabbitmq': 'lib/adapters/bus/rabbitmq.ts',
};

/**
 * Writes the pages of the API, made of docstrings, to docs/api/.
 *
 * @throws {Error} when a docstring refers to nothing, or an export has none.
 */
export async function writeApi() {
  const typedoc = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: Object.values(ENTRIES).map((file) => ROOT + file),
    tsconfig: `${ROOT}tsconfig.build.json`,
    out: `${ROOT}docs/api`,
    name: 'API',
    readme: 'none',
    disableSources: true,
    excludePrivate: true,
    excludeExternals: true,
    excludeInternal: true,
    // Types that users never name, such as a method's parameters, are shown where they stand.
    validation: { notExported: false, invalidLink: true, notDocumented: true },
    requiredToBeDocumented: ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable', 'Enum'],
    logLevel: 'Warn',
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: false,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    propertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    sanitizeComments: true,
  });
  const project = await typedoc.convert();
  if (project === undefined) throw new Error('the API does not compile');
  for (const module of project.children ?? []) module.name = nameOf(module.name);
  typedoc.validate(project);
  await typedoc.generateOutputs(project);
  const { errorCount, warningCount } = typedoc.logger;
  if (errorCount + warningCount > 0)
    throw new Error(`docstrings: ${errorCount + warningCount} faults, see above`);
}

/** The name under which users import a module that TypeDoc calls by its file. */
function nameOf(module) {
  const [name] = Object.entries(ENTRIES).find(
    ([, file]) => file === `lib/${module}.ts` || file === `lib/${module}/index.ts`,
  ) ?? ['nestjs-memcached'];
  return name;
}
