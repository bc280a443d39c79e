import { asciiDomain, domainOf, isAddress, isDNSName, isHost, isPattern, splitList } from './address';

describe('a mail address', () => {
  it.each([
    'ops@example.com',
    ' ops@example.com ',
    'first.last+tag@mail.example.co.jp',
    'Ops <ops@example.com>',
    'J. Doe <j@example.com>',
    '"Kim, Ops" <kim@example.com>',
    '운영팀 <ops@example.com>',
    '<ops@example.com>',
    'ops@例え.jp',
    'ops@xn--r8jz45g.jp',
    'root@localhost',
    'a..b@docomo.ne.jp',
    'a.@ezweb.ne.jp',
    '"a..b"@docomo.ne.jp',
    '当直 <a..b@docomo.ne.jp>',
  ])('is %s', (text) => expect(isAddress(text)).toBe(true));

  it.each([
    '',
    'ops',
    'ops@',
    '@example.com',
    'ops@@example.com',
    'ops@exa mple.com',
    'ops@example..com',
    'ops@-example.com',
    'ops@exa_mple.com',
    'ops@[127.0.0.1]',
    '.ops@example.com',
    '"o ps"@example.com',
    '".ops"@example.com',
    '"o..ps@example.com',
    '운영@example.com',
    'Kim, Ops <kim@example.com>',
    'Ops <ops@example.com',
    'Ops\r\nBcc: x <ops@example.com>',
    `${'a'.repeat(65)}@example.com`,
    `${'a'.repeat(62)}.@example.com`,
    `a@${'a'.repeat(64)}.com`,
    `a@${'abc.'.repeat(63)}com`,
  ])('is not %j', (text) => expect(isAddress(text)).toBe(false));
});

describe('a pattern of recipients', () => {
  it.each([
    'ops@example.com',
    '@example.com',
    '*@example.com',
    '*@*.example.com',
    '@例え.jp',
    'a..b@docomo.ne.jp',
    '"a."@docomo.ne.jp',
  ])('is %s', (text) => expect(isPattern(text)).toBe(true));
  it.each(['', 'example.com', '*', 'Ops <ops@example.com>', 'o*@example.com', '@*', '*@*.*.com', 'a@*.example.com'])(
    'is not %j',
    (text) => expect(isPattern(text)).toBe(false),
  );
});

it('writes an international domain in A-labels', () => expect(asciiDomain('例え.JP')).toBe('xn--r8jz45g.jp'));

describe('a host', () => {
  it.each(['smtp.example.com', 'smtp.example.com.', 'localhost', '127.0.0.1', '::1', '[::1]'])('is %s', (text) =>
    expect(isHost(text)).toBe(true),
  );
  it.each(['', 'smtp.example.com:587', 'smtp://example.com', 'a b', 'user@example.com'])('is not %j', (text) =>
    expect(isHost(text)).toBe(false),
  );
});

it.each([
  ['a@example.com, b@example.com;c@example.com\n\nd@example.com', 4],
  ['"Kim, Ops" <kim@example.com>, b@example.com', 2],
  ['  ', 0],
  ['a@example.com', 1],
])('cuts %j into %d', (text, count) => {
  const parts = splitList(text);
  expect(parts).toHaveLength(count);
  expect(parts.every(isAddress)).toBe(true);
});

describe('a name in DNS', () => {
  it.each(['toast', '_spfblocka.toast.com', 'Mail.nhncloudservice.com.', 's1._x'])('may be %s', (text) =>
    expect(isDNSName(text)).toBe(true),
  );
  it.each(['', 'a b', 'a..b', '-a.com', 'https://a.com', '例え.jp', 'a'.repeat(64)])('may not be %s', (text) =>
    expect(isDNSName(text)).toBe(false),
  );
});

it.each([
  ['a@Gmail.com', 'gmail.com'],
  ['Jun <jun@例え.jp>', 'xn--r8jz45g.jp'],
  ['"a@b"@gmail.com', 'gmail.com'],
  ['on call', ''],
])('finds the domain of %s', (address, domain) => expect(domainOf(address)).toBe(domain));
