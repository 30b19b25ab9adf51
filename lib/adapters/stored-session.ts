/** A session as the frameworks hand it over, as far as the store looks at it. */
export interface StoredSession {
  cookie?: { expires?: Date | string | false | null | undefined; [setting: string]: unknown } | undefined;
  [field: string]: unknown;
}
