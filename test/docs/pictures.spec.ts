import { describe, expect, it } from '@jest/globals';
import { pictures, present } from '../../scripts/pictures.mjs';

describe('a picture of the pages', () => {
  it.each(pictures())('is as its source draws it; npm run pictures writes it: $file', ({ file, wanted }) => {
    expect(present(file)).toBe(wanted);
  });

  it.each(pictures())(
    'tells those who do not see it what it shows, and fetches nothing: $file',
    ({ wanted }) => {
      expect(wanted).toMatch(/role="img" aria-labelledby="title desc"/);
      expect(wanted).toMatch(/<title id="title">.{5,}<\/title>\n<desc id="desc">.{50,}<\/desc>/);
      expect(wanted).toContain('prefers-color-scheme:dark');
      expect(wanted).not.toMatch(/href=|url\((?!#)|@import/);
    },
  );
});
