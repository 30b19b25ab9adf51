/** A page that shows snippets, as it is and as it should be. */
export interface Page {
  readonly path: string;
  readonly present: string;
  readonly wanted: string;
}

/** Every page that shows snippets. */
export function pagesWithSnippets(): Page[];
