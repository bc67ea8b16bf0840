'use strict';

const assert = require('node:assert');
const os = require('node:os');

const { codes, inner } = require('./kit');

const { parse } = inner;
const isWindows = process.platform === 'win32';

/** The first link-local address of this machine, or null. */
function linkLocal() {
  for (const [name, addresses] of Object.entries(os.networkInterfaces()))
    for (const { address, scopeid } of addresses)
      if (/^fe80:/.test(address)) return { address, name, scope: scopeid };
  return null;
}

describe('dgram_address', () => {
  for (const [family, text, back = text] of [
    [4, '127.0.0.1'],
    [4, '255.255.255.255'],
    [4, '0.0.0.0'],
    [6, '::'],
    [6, '::1'],
    [6, '2001:DB8:0:0::7', '2001:db8::7'],
    [6, '::ffff:127.0.0.1'],
    [6, 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
     'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    // A zone is ignored for an address that is not link-local.
    [6, '::1%1', '::1'],
  ]) {
    it(`parses and formats ${text}`, () => {
      const { code, error, ...rest } = parse({ family, text, port: 65535 });

      assert.deepStrictEqual({ code, error }, { code: 0, error: 0 });
      assert.deepStrictEqual(rest, {
        family, port: 65535, text: back, blank: false, zone: false,
      });
    });
  }

  for (const [family, text] of [
    [4, ''], [4, '::1'], [4, '127.0.0'], [4, '127.0.0.1 '], [4, '0x7f.1'],
    [4, '256.0.0.1'], [4, 'localhost'], [4, '127.0.0.1%lo'],
    [6, ''], [6, '127.0.0.1'], [6, ':::'], [6, '1:2:3:4:5:6:7:8:9'],
    [6, 'g::'], [5, '127.0.0.1'], [0, '::1'], [6, 'x'.repeat(5000)],
  ]) {
    it(`rejects ${JSON.stringify(text.slice(0, 20))} for ${family}`, () => {
      const { code, blank } = parse({ family, text, port: 1 });

      assert.strictEqual(code, codes.EINVAL);
      assert.strictEqual(blank, true, 'the slot stays empty');
    });
  }

  it('appends the interface to a link-local address', function () {
    const { address, name, scope } = linkLocal() ?? this.skip();
    const zone = isWindows ? scope : name;
    const { text, zone: hasZone } =
      parse({ family: 6, text: `${address}%${zone}`, port: 7 });

    assert.strictEqual(text, `${address}%${zone}`);
    assert.strictEqual(hasZone, true);
  });

  it('returns an error if the interface has no name', function () {
    if (isWindows) this.skip(); // its zones are numbers
    const { error, text, family, port } =
      parse({ family: 6, text: 'fe80::1', scope: 0x7ffffff0, port: 9 });

    assert.strictEqual(error, codes.ENXIO);
    assert.deepStrictEqual({ text, family, port },
      { text: '', family: 6, port: 9 });
  });

  it('formats a link-local address without a zone', () => {
    const { text, error, zone } = parse({ family: 6, text: 'fe80::1' });

    assert.deepStrictEqual({ text, error, zone },
      { text: 'fe80::1', error: 0, zone: false });
  });

  it('returns no text for another family', () => {
    const { family, port, error, text } = parse({ raw: 1 });

    assert.deepStrictEqual({ family, port, text },
      { family: 0, port: 0, text: '' });
    assert.ok(error < 0);
  });
});
