import { describe, expect, it } from '@jest/globals';
import { CasNumbers, parseTranscript, unescape } from './transcript.js';

describe('the notation of transcripts', () => {
  it('gathers the lines of an exchange and adds line ends', () => {
    const [section] = parseTranscript(
      '== one\n@ auth\n> set a 0 0 1\n>| x\\r\\n\n< STORED\n\n> quit\n<closed',
    );
    expect(section).toMatchObject({ title: 'one', auth: true });
    expect(section.exchanges).toMatchObject([
      { line: 3, request: 'set a 0 0 1\\r\\nx\\r\\n', reply: 'STORED\\r\\n', closes: false },
      { line: 7, request: 'quit\\r\\n', reply: '', closes: true },
    ]);
  });

  it.each(['> before any section', '== s\n< a reply to nothing', '== s\n> a\n< b\n> c', '== s\n?'])(
    'refuses %j',
    (text) => {
      expect(() => parseTranscript(text)).toThrow(/^line \d/);
    },
  );

  it('spells every byte', () => {
    expect(unescape('a\\r\\n\\0\\xff\\\\{y*3}é')).toBe('a\r\n\0\xff\\yyy\xc3\xa9');
  });
});

describe('cas numbers in a transcript', () => {
  it('must be equal where their names are', () => {
    const cas = new CasNumbers();
    expect(cas.expect('HD c#1\r\n', 'HD c17\r\n')).toBe('HD c17\r\n');
    expect(cas.expect('HD c#1\r\n', 'HD c17\r\n')).toBe('HD c17\r\n');
    expect(cas.expect('HD c#1\r\n', 'HD c18\r\n')).toBe('HD c#1\r\n');
  });

  it('must differ where their names do', () => {
    const cas = new CasNumbers();
    cas.expect('HD c#1\r\n', 'HD c17\r\n');
    expect(cas.expect('HD c#2\r\n', 'HD c17\r\n')).toBe('HD c#2\r\n');
  });

  it('are sent again, or their neighbours', () => {
    const cas = new CasNumbers();
    cas.expect('HD c#1\r\n', 'HD c17\r\n');
    expect(cas.fill('ms k 1 C#1 C#1-1 C#1+1000')).toBe('ms k 1 C17 C16 C1017');
    expect(() => cas.fill('C#2')).toThrow('#2');
  });
});

describe('times in a transcript', () => {
  it('may be a little off, and no more', () => {
    const cas = new CasNumbers();
    expect(cas.expect('HD t~100', 'HD t99')).toBe('HD t99');
    expect(cas.expect('HD t~100', 'HD t80')).toBe('HD t~100');
    expect(cas.expect('HD t~100', 'HD t-1')).toBe('HD t~100');
  });

  it('can be counted from now', () => {
    const now = Math.floor(Date.now() / 1000);
    expect(new CasNumbers().expect('exp=@100 la', `exp=${now + 100} la`)).toBe(`exp=${now + 100} la`);
    expect(new CasNumbers().expect('exp=@100 la', 'exp=100 la')).toBe('exp=@100 la');
  });
});
