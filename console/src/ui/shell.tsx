// The frame around every page behind the sign-in: navigation, what is degraded, who is signed in.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { request } from "@/api/client";
import { openLive, useLiveState } from "@/api/live";
import { alerts, session, status } from "@/api/queries";
import { setTheme, useThemeChoice } from "@/lib/theme";
import { setZone, useZone } from "@/lib/time";
import { compact } from "@/lib/format";
import { sensorName } from "@/lib/words";
import { DegradedBanner } from "./degraded";
import { Icon, type IconName, Mark } from "./icon";
import { MenuChoice, MenuItem, MenuLabel, MenuRoot, MenuSeparator } from "./menu";
import { NewAlertNotice } from "./notice";
import { Dot } from "./parts";

export function Shell() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const me = useQuery({ ...session, refetchInterval: 300_000 });
  useEffect(() => openLive(client), [client]);
  useEffect(() => {
    if (me.data !== null) return;
    void navigate({ to: "/signin", search: { next: router.state.location.href } });
  }, [me.data, navigate, router]);

  return (
    <div className="flex min-h-screen max-md:flex-col">
      <a href="#page" className="sr-only rounded bg-panel px-3 py-2 focus:not-sr-only focus:absolute focus:z-50">
        Skip to the page
      </a>
      <Navigation />
      <div className="flex min-w-0 flex-1 flex-col">
        <DegradedBanner />
        <main id="page" tabIndex={-1} className="mx-auto flex w-full max-w-[110rem] flex-1 flex-col p-4 outline-none lg:p-5">
          <Outlet />
        </main>
      </div>
      <NewAlertNotice />
    </div>
  );
}

function Navigation() {
  const fresh = useQuery(alerts({ status: "new" }, 1));
  const me = useQuery(session);
  return (
    <aside className="sticky top-0 flex shrink-0 border-line bg-panel md:h-screen md:w-52 md:flex-col md:border-r max-md:z-30 max-md:items-center max-md:gap-2 max-md:border-b max-md:px-2 max-md:py-1">
      <Link to="/" className="flex items-center gap-2.5 px-4 py-4 text-base font-semibold tracking-tight max-md:px-2 max-md:py-1" aria-label="Vedette, overview">
        <Mark />
        <span className="max-md:hidden">Vedette</span>
      </Link>
      <nav aria-label="Main" className="relative flex gap-0.5 px-2 md:flex-col max-md:min-w-0 max-md:flex-1 max-md:overflow-x-auto">
        <NavLink to="/" icon="overview" label="Overview" />
        <NavLink to="/alerts" icon="alerts" label="Alerts" badge={fresh.data?.total ?? 0} />
        <NavLink to="/incidents" icon="incidents" label="Incidents" />
        <NavLink to="/rules" icon="rules" label="Rules" />
        <NavLink to="/exclusions" icon="dash" label="Exclusions" />
        <NavLink to="/response" icon="stop" label="Response" />
        <NavLink to="/xql" icon="xql" label="XQL search" />
        <NavLink to="/models" icon="copy" label="Rule files" />
        {me.data?.role === "administrator" && <NavLink to="/notifications" icon="bell" label="Notifications" />}
        {me.data?.role === "administrator" && <NavLink to="/access" icon="user" label="Access" />}
      </nav>
      <div className="flex items-center md:mt-auto md:flex-col md:items-stretch md:border-t md:border-line max-md:ml-auto">
        <Health />
        <UserMenu />
      </div>
    </aside>
  );
}

function NavLink({ to, icon, label, badge = 0 }: { to: "/" | "/alerts" | "/incidents" | "/notifications" | "/rules" | "/exclusions" | "/response" | "/xql" | "/models" | "/access"; icon: IconName; label: string; badge?: number }) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: to === "/", includeSearch: false }}
      className="flex items-center gap-2.5 rounded-md px-2.5 py-1.5 text-muted hover:bg-raised hover:text-text data-[status=active]:bg-raised data-[status=active]:font-medium data-[status=active]:text-text"
    >
      <Icon name={icon} size={17} />
      <span className="max-sm:sr-only">{label}</span>
      {badge > 0 && (
        <span className="num ml-auto rounded-full bg-accent-solid px-1.5 text-xs leading-5 font-medium text-accent-ink">
          {compact(badge)}
          <span className="sr-only"> new</span>
        </span>
      )}
    </Link>
  );
}

function Health() {
  const live = useLiveState();
  const { data, isError } = useQuery(status);
  const running = data?.sensor.state === "running";
  return (
    <div className="space-y-1 px-4 py-3 text-xs text-muted max-md:hidden">
      {data && (
        <div className="flex items-center gap-2" title={data.sensor.reason ?? undefined}>
          <Dot tone={running ? "good" : "bad"} />
          <span>Sensor: {sensorName[data.sensor.state].toLowerCase()}</span>
        </div>
      )}
      <div className="flex items-center gap-2" role="status">
        <Dot tone={isError ? "bad" : live === "live" ? "good" : "medium"} pulsing={live !== "live"} />
        <span>{isError ? "Server does not answer" : { live: "Live updates on", connecting: "Connecting…", lost: "Reconnecting…" }[live]}</span>
      </div>
    </div>
  );
}

function UserMenu() {
  const me = useQuery(session);
  const client = useQueryClient();
  const theme = useThemeChoice();
  const zone = useZone();
  const signOut = async () => {
    await request("DELETE", "/session").catch(() => undefined);
    client.clear();
    window.location.assign("/signin");
  };
  return (
    <MenuRoot
      align="start"
      label="Account and display"
      trigger={
        <button type="button" className="flex min-w-0 items-center gap-2.5 border-line px-4 py-3 text-left hover:bg-raised md:border-t max-md:px-2 max-md:py-1.5">
          <Icon name="user" size={17} className="text-muted" />
          <span className="min-w-0 flex-1 truncate max-md:sr-only">{me.data?.username ?? "Account"}</span>
          <Icon name="chevronDown" size={14} className="text-muted" />
        </button>
      }
    >
      {me.data && <MenuLabel>Signed in as {me.data.username}, {me.data.role}</MenuLabel>}
      <MenuSeparator />
      <MenuChoice
        label="Appearance"
        value={theme}
        onChange={setTheme}
        options={[
          { value: "system", label: "As the system" },
          { value: "dark", label: "Dark" },
          { value: "light", label: "Light" },
        ]}
      />
      <MenuSeparator />
      <MenuChoice
        label="Times"
        value={zone}
        onChange={setZone}
        options={[
          { value: "local", label: "Local time" },
          { value: "utc", label: "UTC" },
        ]}
      />
      <MenuSeparator />
      <MenuItem onSelect={() => window.open("/licenses.txt", "_blank", "noopener")}>Open-source licences</MenuItem>
      <MenuItem onSelect={() => void signOut()}>Sign out</MenuItem>
    </MenuRoot>
  );
}
