/** Imports a file of the library, by its path in it without extension. */
type Load = (file: string) => Promise<unknown>;

/** The page of all options as it should be. */
export function optionsPage(load: Load): Promise<string>;

/** A sentence for each docstring that tells another default than the option has. */
export function wrongDefaults(load: Load): Promise<string[]>;
