import { describe, expect, it } from '@jest/globals';
import { KeyGroups } from '../../lib/nest/instance/key-groups.js';
import { cacheKey, parseTemplate } from '../../lib/nest/keys/key-template.js';

function groupsOf(...templates: string[]): KeyGroups {
  const groups = new KeyGroups(true);
  for (const template of templates) groups.add('', parseTemplate(template, ['id', 'page']));
  return groups;
}

describe('the groups of keys', () => {
  it.each([
    ['product:7', 'product:{id}'],
    ['product:7:reviews', 'product:{id}:reviews'],
    ['product:7|de', 'product:{id}'],
    ['product:7:stock', 'product:*'],
    ['products', 'products'],
    ['productions', 'productions'],
    ['acme:orders', '{0}:orders'],
    ['orders/7/2', 'orders/{0}/{1}'],
    ['a.b:7', 'a.b:{0}'],
    ['a-b:7', 'a-b:*'],
  ])('are the templates that make them: %s', (key, group) => {
    const templates = [
      'product:{id}',
      'product:{id}:reviews',
      'products',
      '{0}:orders',
      'orders/{0}/{1}',
      'a.b:{0}',
    ];
    expect(groupsOf(...templates).of(key)).toBe(group);
    expect(groupsOf(...templates.toReversed()).of(key)).toBe(group);
  });

  it.each([[undefined, null, '', 'a:b|c', { page: 1, by: ['name'] }, new Date(0), -1.5, 10n, true, 'ä 😀']])(
    'are those of templates whatever values go in',
    (...values) => {
      const groups = groupsOf('product:{0}', 'search/{0};{1}');
      for (const value of values) {
        expect(groups.of(cacheKey('product:{0}', value))).toBe('product:{id}'.replace('id', '0'));
        expect(groups.of(cacheKey('search/{0};{1}', value, value))).toBe('search/{0};{1}');
      }
    },
  );

  it('have the name of the first of several templates of one shape', () => {
    expect(groupsOf('user:{id}', 'user:{0}').of('user:7')).toBe('user:{id}');
  });

  it('have a prefix of a class in their name', () => {
    const groups = new KeyGroups(true);
    groups.add('shop:', parseTemplate('{0}', undefined));
    expect(groups.of('shop:7')).toBe('shop:{0}');
  });

  it.each([
    ['ProductService.find(42)', 'ProductService.find'],
    ['other@ProductService.find("a:b")', 'other@ProductService.find'],
    ['http:ProductController.list:everyone:%2Fproducts', 'http:ProductController.list'],
    ['session:9f8e7d', 'session:*'],
    ['v2:product:7', 'v2:*'],
    ['rates/eur/usd', 'rates/*'],
    ['nightly-report', 'nightly-report'],
    ['alice@example.com', '*'],
    ['alice@example.com:profile', '*'],
    ['alice.smith', '*'],
    ['Alice Smith', '*'],
    ['Alice Smith:cart', '*'],
    ['app.v2:cart', 'app.v2:*'],
    ['9f8e7d6c-5b4a', '*'],
    ['a1b2c3d4', '*'],
    ['42:orders', '*'],
    ['x'.repeat(65), '*'],
    ['', '*'],
  ])('are the first parts of other keys: %s', (key, group) => {
    expect(new KeyGroups(true).of(key)).toBe(group);
  });

  it('are no more than a hundred and one beside the templates', () => {
    const groups = groupsOf('product:{0}');
    const names = Array.from({ length: 26 * 26 }, (_, index) =>
      String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26)),
    );
    const found = new Set(names.map((name) => groups.of(`${name}:7`)));
    expect(found.size).toBe(101);
    expect(groups.of('product:7')).toBe('product:{0}');
    expect(groups.of('aa:9')).toBe('aa:*');
    expect(groups.of('zz:9')).toBe('*');
  });

  it('tell nothing of keys where these are not to be told, but what the code is called', () => {
    const groups = new KeyGroups(false);
    groups.add('', parseTemplate('product:{0}', undefined));
    expect(
      ['product:7', 'alice:profile', 'alice', 'UserService.find("alice")', 'http:UserController.me:u'].map(
        (key) => groups.of(key),
      ),
    ).toEqual(['product:{0}', '*', '*', 'UserService.find', 'http:UserController.me']);
  });
});
