import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkAlertQuery } from './alert-query.ts';
import { findBicepCompiler, infraFolder } from './bicep-compiler.ts';
import { type DeployedTemplate, resourceOf, resourcesOf } from './deployed-template.ts';

const compiler = await findBicepCompiler();
if (!compiler.isAvailable) console.warn(`Skipped the checks of infra/main.bicep: ${compiler.reason}.`);

describe.skipIf(!compiler.isAvailable)('the infrastructure', async () => {
  if (!compiler.isAvailable) return;
  const build = await compiler.run('build', '--stdout', `${infraFolder}/main.bicep`);
  const template = () => JSON.parse(build.output) as DeployedTemplate;

  it('compiles without a warning', () => {
    expect(build).toMatchObject({ exitCode: 0, diagnostics: [] });
  });

  it('passes the linter without a warning', async () => {
    const lint = await compiler.run('lint', `${infraFolder}/main.bicep`);
    expect(lint).toMatchObject({ exitCode: 0, diagnostics: [] });
  });

  it.each([
    ['a misspelt property', 'storage.bicep', 'allowSharedKeyAccess', 'allowSharedKeyAcess', 'BCP089'],
    [
      'a value of a wrong type',
      'storage.bicep',
      'allowSharedKeyAccess: false',
      "allowSharedKeyAccess: 'no'",
      'BCP036',
    ],
    [
      'a parameter that nobody uses',
      'alert-rule.bicep',
      'param name',
      'param unused string\nparam name',
      'no-unused',
    ],
  ])('does not pass with %s', async (_what, file, right, wrong, diagnostic) => {
    const folder = await mkdtemp(join(tmpdir(), 'infra-'));
    try {
      await cp(infraFolder, folder, { recursive: true });
      const path = join(folder, 'modules', file);
      const text = await readFile(path, 'utf8');
      expect(text).toContain(right);
      await writeFile(path, text.replace(right, wrong));
      const { diagnostics } = await compiler.run('lint', path);
      expect(diagnostics.join('\n')).toContain(diagnostic);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('has one alert rule for each query, with the text of its file', async () => {
    const files = await readdir(join(infraFolder, 'queries'));
    const texts = await Promise.all(
      files.map((file) => readFile(join(infraFolder, 'queries', file), 'utf8')),
    );
    const alerts = template().variables?.alerts as { name: string; query: string }[];
    expect(alerts.map(({ name }) => `${name}.kql`).sort()).toEqual(files.sort());
    const loaded = Object.entries(template().variables ?? {}).filter(([name]) => name.startsWith('$fxv#'));
    expect(loaded.map(([, text]) => text).sort()).toEqual(texts.sort());
  });

  it('splits each alert by the columns of its query', () => {
    const alerts = Object.values(template().variables?.alerts as { name: string; dimensions: string[] }[]);
    for (const { name, dimensions } of alerts) {
      const query = readFileSync(join(infraFolder, 'queries', `${name}.kql`), 'utf8');
      expect([...dimensions, 'failures'].sort(), name).toEqual(
        Object.keys(checkAlertQuery(query).columns).sort(),
      );
    }
  });

  it('leaves it to the program to delete what was kept long enough', () => {
    expect(resourcesOf(template()).filter(({ type }) => type.endsWith('/managementPolicies'))).toEqual([]);
  });

  it('lets nobody in by a key or a password', () => {
    const { properties: storage } = resourceOf(template(), 'Microsoft.Storage/storageAccounts');
    expect(storage).toMatchObject({ allowSharedKeyAccess: false, allowBlobPublicAccess: false });
    const { properties: insights } = resourceOf(template(), 'Microsoft.Insights/components');
    expect(insights).toMatchObject({ DisableLocalAuth: true });
    const { properties: vault } = resourceOf(template(), 'Microsoft.KeyVault/vaults');
    expect(vault).toMatchObject({ enableRbacAuthorization: true, enablePurgeProtection: true });
    const policies = resourcesOf(template()).filter(({ type }) =>
      type.endsWith('basicPublishingCredentialsPolicies'),
    );
    expect(policies.map(({ properties }) => properties)).toEqual([{ allow: false }, { allow: false }]);
  });

  it('makes a database whose logins are those of Entra', () => {
    const { properties } = resourceOf(template(), 'Microsoft.Sql/servers');
    expect(properties?.administrators).toMatchObject({ azureADOnlyAuthentication: true });
    expect(properties).not.toHaveProperty('administratorLoginPassword');
  });

  it('closes every door to the public where it is to be private', () => {
    const doors = ['Microsoft.Storage/storageAccounts', 'Microsoft.KeyVault/vaults', 'Microsoft.Sql/servers'];
    for (const type of doors)
      expect(resourceOf(template(), type).properties?.publicNetworkAccess, type).toBe(
        "[if(parameters('isPrivate'), 'Disabled', 'Enabled')]",
      );
    const targets = JSON.stringify(template());
    for (const part of ['vault', 'sqlServer', "'blob', 'queue', 'table'"]) expect(targets).toContain(part);
  });

  it('keeps a record of who read secrets, and of what was deleted', () => {
    const kept = resourcesOf(template()).filter(
      ({ type }) => type === 'Microsoft.Insights/diagnosticSettings',
    );
    expect(kept.map(({ properties }) => properties?.logs)).toEqual([
      [{ category: 'StorageDelete', enabled: true }],
      [{ category: 'StorageDelete', enabled: true }],
      [{ categoryGroup: 'audit', enabled: true }],
    ]);
  });

  it('grants the app only the roles it needs', () => {
    // In the order of the modules: blobs, queues, tables; read secrets; send telemetry.
    const roles = build.output.match(/"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"/g);
    expect(new Set(roles)).toEqual(
      new Set([
        '"b7e6dc6d-f1e8-4753-8033-0f276bb0955b"',
        '"974c5e8b-45b9-4653-ba55-5f855dd0fb88"',
        '"0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"',
        '"4633458b-17de-408a-b874-0445c86b69e6"',
        '"3913510d-42f4-4e42-8a64-420c390055eb"',
      ]),
    );
  });

  it('tags everything that can be tagged', () => {
    const untagged = resourcesOf(template()).filter(({ location, tags }) => location && !tags);
    expect(untagged.map(({ type }) => type)).toEqual([]);
  });

  it('gets every parameter that has no default from the parameter file, and none that it does not know', async () => {
    const file = JSON.parse(await readFile(join(infraFolder, 'main.parameters.json'), 'utf8'));
    const given = Object.keys(file.parameters);
    const known = Object.entries(template().parameters);
    expect(given.filter((name) => !known.some(([other]) => other === name))).toEqual([]);
    const required = known.filter(([, { defaultValue }]) => defaultValue === undefined).map(([name]) => name);
    expect(required.filter((name) => !given.includes(name))).toEqual([]);
  });
});
