/*
 * One cell of the table, in a process of its own: one workload with one contender. Gets its order as JSON in the first
 * argument, and answers with a message, `{ figures }` or `{ error }`.
 */
import { measureCell } from './workloads/measure-cell.mjs';

const order = JSON.parse(process.argv[2]);

/** A raw socket tells no errors: what never comes back is ended by whoever started this. */
process.once('disconnect', () => process.exit(1));

const answer = await measureCell(order).then(
  (figures) => ({ figures }),
  (error) => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
process.send(answer, () => process.exit(0));
