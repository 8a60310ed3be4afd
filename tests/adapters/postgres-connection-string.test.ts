import { describe, expect, it } from 'vitest';
import { openPool } from '../../shared/adapters/postgres/connection.ts';
import { isRemoteInClear, readConnectionString } from '../../shared/adapters/postgres/connection-string.ts';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';

describe('a connection string', () => {
  it('is read with its %-codes', () => {
    expect(readConnectionString('postgres://us%40er:p%2F%23@db.example:5433/re%20port')).toEqual({
      host: 'db.example',
      port: 5433,
      user: 'us@er',
      password: 'p/#',
      database: 're port',
      ssl: { rejectUnauthorized: true, servername: 'db.example' },
    });
  });

  it.each([
    ['postgres://u:p@127.0.0.1/d', false],
    ['postgres://u:p@localhost/d', false],
    ['postgres://u:p@[::1]/d', false],
    ['postgres://u:p@localhost/d?sslmode=verify-full', { rejectUnauthorized: true, servername: 'localhost' }],
    ['postgres://u:p@10.0.0.4/d', { rejectUnauthorized: true }],
    ['postgres://u@127.0.0.1/d?authentication=entra', { rejectUnauthorized: true }],
    ['postgres://u:p@10.0.0.4/d?sslmode=disable', false],
    ['postgres://u:p@db.example/d?sslmode=prefer', { rejectUnauthorized: true, servername: 'db.example' }],
  ])('%s has TLS %j', (text, ssl) => expect(readConnectionString(text).ssl).toEqual(ssl));

  it.each([
    ['postgres://u:p@10.0.0.4/d?sslmode=disable', true],
    ['postgres://u:p@db.example/d?sslmode=disable', true],
    ['postgres://u:p@db.example/d', false],
    ['postgres://u:p@127.0.0.1/d?sslmode=disable', false],
    ['postgres://u:p@localhost/d', false],
  ])('%s goes to another machine in clear: %j', (text, isClear) => {
    expect(isRemoteInClear(openPool(text).options)).toBe(isClear);
  });

  it.each([
    ['postgres://us%40er@db.example/d?authentication=Entra', 'us@er'],
    ['postgres://identity@db.example/d?sslmode=require&authentication=entra', 'identity'],
  ])('%s is a login without a password', (text, user) => {
    expect(readConnectionString(text)).toMatchObject({ user });
    expect(readConnectionString(text)).not.toHaveProperty('password');
  });

  it('with neither a password nor an identity is refused with both ways', () => {
    const both = /user:password@.* or .*authentication=entra/;
    expect(() => readConnectionString('postgres://u@h/d')).toThrow(both);
  });

  it.each([
    '',
    'SECRET',
    'https://u:SECRET@h/d',
    'postgres://u:SECRET@h@h:x/d',
    'postgres://:SECRET@h/d',
    'postgres://u:SECRET@h',
    'postgres://u:SECRET%ZZ@h/d',
    'postgres://u:SECRET@h/d?sslmode=SECRET',
    'postgres://u:SECRET@h/d?authentication=SECRET',
    'postgres://SECRET@h/d?authentication=entra&sslmode=disable',
    'postgres://u@SECRET.example/d?authentication=entra',
    'Server=h;Password=SECRET',
  ])('%j is refused without telling any of it', (text) => {
    const open = () => postgresDestinations().open(text, { schema: 'dbo', prefix: '' });
    expect(open).toThrow(expect.objectContaining({ code: 'SECRET_VALUE_INVALID' }));
    expect(open).not.toThrow(/SECRET/);
  });
});
