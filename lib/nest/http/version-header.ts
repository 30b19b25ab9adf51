import { VersioningType } from '@nestjs/common';
import { ApplicationConfig, type ModuleRef } from '@nestjs/core';

/**
 * The request header by which an application's clients ask for a version of a route.
 *
 * @returns undefined where versions are part of the path, where a function of the application finds them, and where there
 *   are none.
 */
export function versionHeaderOf(modules: ModuleRef): string | undefined {
  const versioning = modules.get(ApplicationConfig, { strict: false }).getVersioning();
  switch (versioning?.type) {
    case VersioningType.HEADER:
      return versioning.header.toLowerCase();
    case VersioningType.MEDIA_TYPE:
      return 'accept';
    default:
      return undefined;
  }
}
