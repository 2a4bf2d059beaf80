import { useEffect, useState } from "preact/hooks";
import type { ConnectionState } from "./live.ts";
import { useLiveFleet } from "./nodes.ts";
import { linkTo, momentOf, type Place, usePlace } from "./route.ts";
import { Help } from "./shell/help.tsx";
import { useKeys } from "./shell/keys.ts";
import { NodeFinder } from "./shell/node-finder.tsx";
import { ThemeButton } from "./shell/theme-button.tsx";
import { TokenPrompt } from "./shell/token-prompt.tsx";
import { AlertsView } from "./views/alerts.tsx";
import { FarmView } from "./views/farm.tsx";
import { FleetView } from "./views/fleet.tsx";
import { NodeView } from "./views/node.tsx";
import { ReplayView } from "./views/replay.tsx";
import { StatusView } from "./views/status.tsx";

const CONNECTION: Readonly<Record<ConnectionState, string>> = {
  connecting: "connecting",
  live: "live",
  lost: "connection lost",
};

export function App() {
  const place = usePlace();
  const fleet = useLiveFleet();
  const [isHelpOpen, setHelpOpen] = useState(false);
  useKeys(place, () => setHelpOpen((open) => !open));
  useEffect(() => {
    document.title = place.view === "fleet" ? "Farmscope" : `${place.name || place.view} · Farmscope`;
    scrollTo(0, 0);
  }, [place.view, place.name]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <a class="brand" href="#/">
          <Mark /> Farmscope
        </a>
        <Navigation place={place} />
        <div class="bar-tools">
          <NodeFinder nodes={fleet.nodes} />
          <ThemeButton />
          <button type="button" class="icon" aria-label="Keys and help" onClick={() => setHelpOpen(true)}>
            ?
          </button>
          <span class={`connection ${momentOf(place) === null ? fleet.connection : "past"}`} role="status">
            {momentOf(place) === null ? CONNECTION[fleet.connection] : "in the past"}
          </span>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {fleet.error !== null && (
          <p class="notice error" role="alert">
            The API does not answer: {fleet.error}
          </p>
        )}
        <Content place={place} fleet={fleet} />
      </main>
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
      <TokenPrompt />
    </>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <rect width="7" height="7" rx="1.5" fill="#56b4e9" />
      <rect x="9" width="7" height="7" rx="1.5" fill="#e69f00" />
      <rect y="9" width="7" height="7" rx="1.5" fill="#009e73" />
      <rect x="9" y="9" width="7" height="7" rx="1.5" fill="#8a94a6" />
    </svg>
  );
}

const TABS = { fleet: "Fleet", alerts: "Alerts", replay: "Replay", status: "Status" } as const;

function Navigation({ place }: { readonly place: Place }) {
  const current = place.view === "farms" || place.view === "nodes" ? "fleet" : place.view;
  return (
    <nav aria-label="Views">
      {(Object.keys(TABS) as (keyof typeof TABS)[]).map((view) => (
        <a key={view} href={linkTo(view)} aria-current={view === current ? "page" : undefined}>
          {TABS[view]}
        </a>
      ))}
    </nav>
  );
}

function Content({ place, fleet }: { readonly place: Place; readonly fleet: ReturnType<typeof useLiveFleet> }) {
  const { nodes, error, alertsHeard } = fleet;
  switch (place.view) {
    case "farms":
      return <FarmView key={place.name} place={place} nodes={nodes} alertsHeard={alertsHeard} />;
    case "nodes":
      return <NodeView key={place.name} place={place} line={nodes?.get(place.name) ?? null} />;
    case "alerts":
      return <AlertsView place={place} alertsHeard={alertsHeard} />;
    case "replay":
      return <ReplayView place={place} nodes={nodes} />;
    case "status":
      return <StatusView />;
    default:
      return <FleetView place={place} nodes={nodes} error={error} alertsHeard={alertsHeard} />;
  }
}
