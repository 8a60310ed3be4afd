import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type ServerCertificate = { readonly cert: string; readonly key: string; readonly caFile: string };

const millisecondsValid = 10 * 365 * 24 * 3600 * 1000;

/**
 * A certificate for `localhost` and 127.0.0.1 from a small authority of our own, both made on first use and kept in
 * `folder`. Clients trust `ca.pem`; the authority's key is thrown away, so nobody can sign anything else with it.
 */
export function openServerCertificate(folder: string): ServerCertificate {
  const caFile = join(folder, 'ca.pem');
  const certFile = join(folder, 'server.pem');
  const keyFile = join(folder, 'server.key');
  // The key is written last: with it, all three are whole.
  if (!existsSync(keyFile)) {
    mkdirSync(folder, { recursive: true });
    const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const issuer = 'dataverse-export local authority';
    writeFileSync(
      caFile,
      certificate(issuer, issuer, authority.publicKey, authority.privateKey, authorityExtensions),
    );
    writeFileSync(
      certFile,
      certificate('localhost', issuer, server.publicKey, authority.privateKey, serverExtensions),
    );
    writeFileSync(keyFile, server.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), caFile };
}

/** An X.509 version 3 certificate (RFC 5280) as PEM, signed with ECDSA and SHA-256. */
function certificate(
  subject: string,
  issuer: string,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): string {
  const now = Date.now();
  const algorithm = sequence(objectId('2a8648ce3d040302'));
  const signed = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    // The first bit of a serial number has to be 0, and its first byte not.
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    commonName(issuer),
    sequence(time(new Date(now - 24 * 3600 * 1000)), time(new Date(now + millisecondsValid))),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const whole = sequence(signed, algorithm, bitString(sign('sha256', signed, signer)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const isTrue = der(0x01, Buffer.from([0xff]));
const basicConstraints = objectId('551d13');

const authorityExtensions = [
  // It may sign servers, no further authorities.
  sequence(basicConstraints, isTrue, octets(sequence(isTrue, integer(Buffer.from([0]))))),
  sequence(objectId('551d0f'), isTrue, octets(der(0x03, Buffer.from([2, 0b0000_0100])))),
];

const serverExtensions = [
  sequence(basicConstraints, isTrue, octets(sequence())),
  // Extended key usage: server authentication.
  sequence(objectId('551d25'), octets(sequence(objectId('2b06010505070301')))),
  // Alternative names: a DNS name and an IP address.
  sequence(
    objectId('551d11'),
    octets(sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))),
  ),
];

/** One DER element: tag, length, contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]), content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

function bitString(content: Buffer): Buffer {
  return der(0x03, Buffer.from([0]), content);
}

function objectId(hexadecimal: string): Buffer {
  return der(0x06, Buffer.from(hexadecimal, 'hex'));
}

/** UTCTime, which RFC 5280 wants for years before 2050. */
function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
}

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))));
}
