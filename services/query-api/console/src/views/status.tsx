import type { StatusAnswer } from "../../../src/schemas/index.ts";
import { getStatus } from "../api.ts";
import { Card, Scroll, Staleness, Tile, Waiting } from "../components/bits.tsx";
import { formatBytes, formatCount, formatMoment, formatWhole, NOTHING } from "../format.ts";
import { usePoll } from "../use-poll.ts";

/** The installation itself: who owns what, how far behind, what was lost where. */
export function StatusView() {
  const answer = usePoll(getStatus, 3_000, "status");
  if (answer.value === null)
    return <Waiting polled={answer} empty="This installation has no status." what="Asking how things are…" />;
  const status = answer.value;
  const lag = status.partitions.reduce((sum, line) => sum + (line.lag ?? 0), 0);
  const unowned = status.partitions.filter((line) => line.owner === null).length;
  return (
    <>
      <h1>
        Status <small>version {status.version}</small>
      </h1>
      <Staleness polled={answer} />
      {status.warnings.map((warning) => (
        <p class="notice warning" key={warning}>
          {warning}
        </p>
      ))}
      <section class="tiles" aria-label="Key figures">
        <Tile
          label="nodes online"
          value={formatWhole(status.nodes.online)}
          note={`of ${formatWhole(status.nodes.known)} known`}
        />
        <Tile
          label="lag"
          value={formatCount(lag)}
          note="records appended and not yet committed"
          tone={lag > 1_000 ? "warning" : "good"}
        />
        <Tile
          label="partitions owned"
          value={`${status.partitions.length - unowned} of ${status.partitions.length}`}
          tone={unowned > 0 ? "bad" : "good"}
          note={unowned > 0 ? "nobody folds the others" : "each is folded by one replica"}
        />
        <Tile
          label="dead letters"
          value={formatWhole(status.deadLetters.messages)}
          tone={status.deadLetters.messages > 0 ? "warning" : "good"}
          note="messages put aside"
        />
        <Tile
          label="log"
          value={status.log?.kind ?? NOTHING}
          note={backendWords(status.log)}
          tone={status.log?.connected === true ? "good" : "bad"}
        />
        <Tile
          label="store"
          value={status.store?.kind ?? NOTHING}
          note={backendWords(status.store)}
          tone={status.store?.connected === true ? "good" : "bad"}
        />
      </section>
      <div class="columns">
        <Card title="Partitions">
          <Scroll label="Partitions">
            <table>
              <thead>
                <tr>
                  <th>partition</th>
                  <th>owner</th>
                  <th class="number">committed</th>
                  <th class="number">lag</th>
                  <th class="number">nodes</th>
                </tr>
              </thead>
              <tbody>
                {status.partitions.map((line) => (
                  <tr key={line.partition}>
                    <td>{line.partition}</td>
                    <td class="path">{line.owner ?? <span class="badge bad">nobody</span>}</td>
                    <td class="number">{line.position === null ? NOTHING : formatWhole(line.position)}</td>
                    <td class="number">{line.lag === null ? NOTHING : formatWhole(line.lag)}</td>
                    <td class="number">{formatWhole(line.nodes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </Card>
        <Card title="Lost and left out" note="by stage">
          <Losses loss={status.loss} />
        </Card>
      </div>
      <Card title="Streams" note="what the log keeps">
        <Scroll label="Streams">
          <table>
            <thead>
              <tr>
                <th>stream</th>
                <th class="number">messages</th>
                <th class="number">size</th>
                <th class="number">oldest</th>
                <th class="number">newest</th>
              </tr>
            </thead>
            <tbody>
              {status.streams.map((stream) => (
                <tr key={stream.stream}>
                  <td>{stream.stream}</td>
                  <td class="number">{formatWhole(stream.messages)}</td>
                  <td class="number">{formatBytes(stream.bytes)}</td>
                  <td class="number">{formatWhole(stream.first)}</td>
                  <td class="number">{formatWhole(stream.last)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Card>
      {status.deadLetters.newest.length > 0 && (
        <Card title="Dead letters" note="newest">
          <ul class="alerts">
            {status.deadLetters.newest.map((letter) => (
              <li key={`${letter.stream}/${letter.position}`}>
                <time>{formatMoment(letter.appendedAtMs)}</time> {letter.stream} {letter.position}: {letter.reason}{" "}
                <small>{letter.detail}</small>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

function backendWords(backend: { version: string; connected: boolean } | null): string {
  if (backend === null) return "not reached";
  return `${backend.version} · ${backend.connected ? "connected" : "not connected"}`;
}

/** Stages that lost something, or left it out; how many others did not. */
function Losses({ loss }: { readonly loss: StatusAnswer["loss"] }) {
  const some = loss.filter((line) => line.count > 0);
  if (some.length === 0) return <p class="empty">Nothing lost, nothing left out, at any of {loss.length} stages.</p>;
  return (
    <>
      <table>
        <tbody>
          {some.map((line) => (
            <tr key={line.stage}>
              <td>{line.stage}</td>
              <td class="number">{formatWhole(line.count)}</td>
              <td>{line.unit}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">Nothing at the other {loss.length - some.length} stages.</p>
    </>
  );
}
