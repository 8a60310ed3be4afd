/** The files of the package `swagger-ui-dist` that are served, and nothing else of it. */
export const packageFileNames = [
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'favicon-32x32.png',
] as const;

/** One of them. */
export type PackageFileName = (typeof packageFileNames)[number];
