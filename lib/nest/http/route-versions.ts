import { type Type, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { ApplicationConfig, type ModuleRef } from '@nestjs/core';
import 'reflect-metadata';

/** Nest's name for a route's version. */
const VERSION = '__version__';

/** The versions of a route, and how its clients ask for one. */
export interface RouteVersions {
  /** What the route is declared for, as it stands in keys; undefined where nothing is declared. */
  readonly declared: string | undefined;
  /**
   * The request header by which a version is asked for; undefined where versions are part of the path, where a function of
   * the application finds them, and where there are none.
   */
  readonly header: string | undefined;
  /** Whether the route has more than one, so that its answer may depend on the one that was asked for. */
  readonly areMany: boolean;
}

/** The versions that Nest calls a route for. */
export function versionsOf(type: Type, handler: object, modules: ModuleRef): RouteVersions {
  const own: unknown = Reflect.getMetadata(VERSION, handler) ?? Reflect.getMetadata(VERSION, type);
  const versioning = modules.get(ApplicationConfig, { strict: false }).getVersioning();
  const versions = [own ?? versioning?.defaultVersion ?? []].flat() as unknown[];
  return {
    declared: own === undefined ? undefined : [own].flat().map(String).join(','),
    header: headerOf(versioning),
    areMany: versions.length > 1 || versions.includes(VERSION_NEUTRAL),
  };
}

function headerOf(versioning: ReturnType<ApplicationConfig['getVersioning']>): string | undefined {
  switch (versioning?.type) {
    case VersioningType.HEADER:
      return versioning.header.toLowerCase();
    case VersioningType.MEDIA_TYPE:
      return 'accept';
    default:
      return undefined;
  }
}
