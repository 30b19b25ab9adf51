export interface DistributionMeasure {
  name: string;
  fullest: number;
  emptiest: number;
  out: number;
  removed: number;
}

export function measureDistributions(
  lib: { createPlacement: (option: never, servers: never) => unknown; names: readonly string[] },
  sample?: { spreadKeys: number; movedKeys: number },
): DistributionMeasure[];
