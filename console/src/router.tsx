// The addresses of the console. What needs the editor or charts is loaded when it is opened.

import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import type { IncidentFilter } from "./api/outward";
import type { AlertFilter } from "./api/queries";
import { session, setup } from "./api/queries";
import { AlertsPage } from "./pages/alerts/list";
import { Broken, NotFound } from "./pages/problem";
import { OverviewPage } from "./pages/overview/page";
import { SetupPage } from "./pages/setup";
import { SignInPage } from "./pages/signin";
import { Shell } from "./ui/shell";

interface Context {
  client: QueryClient;
}

const rootRoute = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => <Broken error={error} retry={reset} />,
});

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup",
  component: SetupPage,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/signin",
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined } => {
    // Only a path of this console: never another site.
    const next = search["next"];
    return { next: typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : undefined };
  },
  beforeLoad: async ({ context }) => {
    if (await context.client.ensureQueryData(session)) throw redirect({ to: "/" });
    const state = await context.client.fetchQuery(setup);
    if (state.required) throw redirect({ to: "/setup" });
  },
  component: SignInPage,
});

/** Everything behind the sign-in. */
const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    if (await context.client.ensureQueryData(session)) return;
    throw redirect({ to: "/signin", search: location.href === "/" ? {} : { next: location.href } });
  },
  component: Shell,
});

const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  component: OverviewPage,
});

// The router keeps what a validator leaves out: what is not valid must be said to be undefined.
const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;

export const alertsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/alerts",
  validateSearch: (search: Record<string, unknown>): AlertFilter => {
    const filter: AlertFilter = {
      selftest: search["selftest"] === true ? true : undefined,
      excluded: search["excluded"] === true ? true : undefined,
    };
    for (const key of ["status", "severity", "source", "assignee", "q", "sort"] as const) filter[key] = text(search[key]);
    return filter;
  },
  component: AlertsPage,
});

export const alertRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/alerts/$id",
  component: lazyRouteComponent(() => import("./pages/alerts/detail"), "AlertPage"),
});

export const incidentsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/incidents",
  validateSearch: (search: Record<string, unknown>): IncidentFilter => {
    const filter: IncidentFilter = {};
    for (const key of ["status", "severity", "assignee", "q", "sort"] as const) filter[key] = text(search[key]);
    return filter;
  },
  component: lazyRouteComponent(() => import("./pages/incidents/list"), "IncidentsPage"),
});

export const incidentRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/incidents/$id",
  component: lazyRouteComponent(() => import("./pages/incidents/detail"), "IncidentPage"),
});

export const notificationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/notifications",
  component: lazyRouteComponent(() => import("./pages/notifications/page"), "NotificationsPage"),
});

export const xqlRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/xql",
  validateSearch: (search: Record<string, unknown>): { q?: string | undefined; run?: boolean | undefined } => ({
    q: text(search["q"]),
    run: search["run"] === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import("./pages/xql/page"), "XqlPage"),
});

export const rulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/rules",
  component: lazyRouteComponent(() => import("./pages/rules/list"), "RulesPage"),
});

export const ruleRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/rules/$id",
  component: lazyRouteComponent(() => import("./pages/rules/edit"), "RulePage"),
});

export const accessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/access",
  component: lazyRouteComponent(() => import("./pages/access/page"), "AccessPage"),
});

export const exclusionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/exclusions",
  component: lazyRouteComponent(() => import("./pages/exclusions/page"), "ExclusionsPage"),
});

export const modelsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/models",
  component: lazyRouteComponent(() => import("./pages/models/page"), "ModelsPage"),
});

export const responseRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/response",
  component: lazyRouteComponent(() => import("./pages/response/page"), "ResponsePage"),
});

const tree = rootRoute.addChildren([
  setupRoute,
  signInRoute,
  shellRoute.addChildren([overviewRoute, alertsRoute, alertRoute, incidentsRoute, incidentRoute, notificationsRoute, rulesRoute, ruleRoute, xqlRoute, modelsRoute, exclusionsRoute, responseRoute, accessRoute]),
]);

export function createAppRouter(client: QueryClient) {
  return createRouter({ routeTree: tree, context: { client }, defaultPreload: false, scrollRestoration: true });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
