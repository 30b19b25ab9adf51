import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]

  --quick             ends within two minutes: short and coarse, the fastest rivals only
  --only PART         only workloads whose id contains PART; may be given several times
  --contender PART    only contenders whose name contains PART, and ours; may be given several times
  --rounds N          how often each cell is measured (7; with --quick, as often as there is time)
  --measure MS        how long one measurement takes (1000)
  --with NAME=DIST    another build of the library as one more contender: NAME=/path/to/its/dist
  --against FOLDER    paired with another build of the library, by the folder of its dist: nobody else, 9 rounds, and each row's
                      ratio to it
  --profile FOLDER    writes a CPU profile of every cell there
  --save              writes the result though it is not of the whole table
  --report FILE       measures nothing: prints the table of a result
  --charts FILE       measures nothing: draws the charts of README from a result
  --micro             the parts alone, without a server: parser, encoder, ring, codec
  --faults            how long failures and recoveries take: runs test/faults with MEASURE=1
  --list              the ids of the workloads
`;

/** What the build is called that ours is paired with. */
export const OTHER_BUILD = 'the other build';

/** How often each of two builds is measured. */
const PAIRED_ROUNDS = 9;

/** @throws {TypeError} for an unknown option. */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      contender: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      measure: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
      against: { type: 'string' },
      profile: { type: 'string' },
      save: { type: 'boolean', default: false },
      report: { type: 'string' },
      charts: { type: 'string' },
      micro: { type: 'boolean', default: false },
      faults: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    ...values,
    rounds: positive(values.rounds, '--rounds') ?? (values.against === undefined ? undefined : PAIRED_ROUNDS),
    measure: positive(values.measure, '--measure'),
    with: [
      ...(values.against === undefined ? [] : [{ name: OTHER_BUILD, dist: values.against }]),
      ...values.with.map((build) => {
        const [name, dist] = build.split('=');
        if (!dist) throw new TypeError(`--with ${build}: expected NAME=DIST`);
        return { name, dist };
      }),
    ],
  };
}

function positive(text, name) {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new TypeError(`${name} ${text}: expected a whole number from 1`);
}
