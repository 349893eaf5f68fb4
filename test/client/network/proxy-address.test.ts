import { describe, expect, test } from 'vitest'
import { parseProxyAddress } from '../../../src/client/network/index.js'
import { CocoonError } from '../../../src/errors.js'

describe('parseProxyAddress', () => {
  test.each([
    ['127.0.0.1:8888', '127.0.0.1', 8888, '127.0.0.1:8888'],
    [' Proxy.Example.ORG:1 ', 'proxy.example.org', 1, 'proxy.example.org:1'],
    ['[::1]:65535', '::1', 65535, '[::1]:65535'],
    ['[2001:DB8::FF]:443', '2001:db8::ff', 443, '[2001:db8::ff]:443'],
    ['[::ffff:10.0.0.1]:9', '::ffff:10.0.0.1', 9, '[::ffff:10.0.0.1]:9'],
    ['under_score-host:0080', 'under_score-host', 80, 'under_score-host:80']
  ])('%s', (text, host, port, canonical) => {
    expect(parseProxyAddress(text, 'x')).toEqual({ host, port, text: canonical })
  })

  test.each([
    [''],
    ['localhost'],
    [':80'],
    ['host:'],
    ['host:0'],
    ['host:65536'],
    ['host:123456'],
    ['host:8a'],
    ['::1:80'],
    ['[::1]'],
    ['[host]:80'],
    ['[]:80'],
    ['http://host:80'],
    ['user@host:80'],
    ['a b:80'],
    ['-host:80'],
    ['host/path:80'],
    [`${'a'.repeat(400)}:80`],
    [undefined],
    [7],
    [null]
  ])('refuses %j', (text) => {
    try {
      parseProxyAddress(text, 'network.proxies[3]')
      expect.unreachable()
    } catch (error) {
      expect(CocoonError.is(error, 'ERR_OPTIONS')).toBe(true)
      expect((error as CocoonError).field).toBe('network.proxies[3]')
    }
  })

  test('says how IPv6 is written', () => {
    expect(() => parseProxyAddress('::1:80', 'x')).toThrow(/brackets/)
  })
})
