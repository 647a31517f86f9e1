/* Draws the figures of a plashet report with uPlot. Everything it needs is in the page. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC");
  const font = () => `12px ${getComputedStyle(document.body).fontFamily}`;
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (n) => String(n).padStart(2, "0");
  const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 4], [12, 4], [1, 3]];

  function number(v) {
    if (v == null || !isFinite(v)) return "–";
    const size = Math.abs(v);
    const decimals = size === 0 ? 0 : Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(size))));
    return v.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−");
  }
  function stamp(seconds) {
    const d = new Date(seconds * 1e3);
    const clock = d.getUTCHours() + d.getUTCMinutes() ? ` ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}` : "";
    return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}${clock}`;
  }
  const when = (x, stamped) => (stamped ? stamp(x) : `step ${x.toLocaleString("en-GB")}`);
  const stroke = (style) => css(style.colour) || "#888";

  // one hair-thin style for every axis
  const TIMES = [
    [31536000, "{YYYY}", null, null, null, null, null, null, 1],
    [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [3600, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
    [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  ];
  function axes(stamped, unit, label) {
    const common = { stroke: () => css("--soft"), font: font(), labelFont: font(), grid: { stroke: () => css("--grid"), width: 1 }, ticks: { show: false } };
    const x = { ...common, grid: { show: false }, space: 70, size: stamped ? 42 : 26 };
    if (stamped) x.values = TIMES;
    else { x.values = (_, ticks) => ticks.map((v) => (Number.isInteger(v) ? v.toLocaleString("en-GB") : "")); if (label) { x.label = label; x.labelSize = 20; x.labelGap = 2; } }
    const y = { ...common, size: 58, space: 42, values: (_, ticks) => ticks.map((v) => v.toLocaleString("en-GB", { maximumFractionDigits: 6 }) + unit) };
    return [x, y];
  }

  function swatch(style) {
    const dash = style.dash ? ` stroke-dasharray="${style.dash.join(" ")}"` : "";
    const body = style.band
      ? `<rect width="24" height="10" y="1" rx="2" fill="var(${style.band})"/>`
      : `<line x1="0" y1="6" x2="24" y2="6" stroke="var(${style.colour})" stroke-width="${style.width || 1.6}"${dash}/>`;
    return `<svg viewBox="0 0 24 12" aria-hidden="true">${body}</svg>`;
  }
  function key(holder, styles, read) {
    const list = document.createElement("ul");
    list.className = "key";
    const outputs = styles.filter((s) => !s.silent).map((s) => {
      const item = document.createElement("li");
      item.className = s.own ? "own" : "";
      item.innerHTML = swatch(s);
      item.append(s.label, " ");
      const out = document.createElement("output");
      item.append(out);
      list.append(item);
      return [s, out];
    });
    const at = document.createElement("li");
    at.className = "at";
    list.append(at);
    holder.after(list);
    return (idx) => {
      for (const [s, out] of outputs) out.textContent = idx == null ? "" : read(s, idx);
      at.textContent = idx == null ? "" : read(null, idx);
    };
  }

  const live = [];
  // on paper the layout is not measured yet when the event comes: a sheet is 660 px wide between its margins
  const room = (holder) => (root.dataset.print ? (holder.closest(".pair:not(.wide-left)") ? 310 : 660) : Math.max(260, holder.clientWidth));
  function chart(id, spec) {
    const holder = document.getElementById(id);
    if (!holder || !spec) return;
    const say = key(holder, spec.styles, spec.read);
    const height = () => (root.dataset.print ? 210 : holder.classList.contains("tall") ? 320 : 272);
    const build = () => {
      holder.replaceChildren();
      const series = [{}, ...spec.styles.flatMap((s) => s.series || [s]).map((s) => ({
        stroke: s.hidden ? "transparent" : stroke(s), width: s.hidden ? 0 : s.width || 1.6, dash: s.dash, points: { show: !!s.dots, size: 4, fill: stroke(s) },
        fill: s.fill ? css(s.fill) : undefined, spanGaps: false,
      }))];
      return new uPlot({
        width: room(holder), height: height(), tzDate: utc, series, legend: { show: false },
        bands: (spec.bands || []).map((b) => ({ series: b.series, fill: css(b.fill) })),
        scales: { x: { time: !!spec.stamped, range: spec.xrange }, y: { range: spec.range } },
        axes: axes(spec.stamped, spec.unit || "", spec.label),
        cursor: { y: false, drag: { x: true, y: false }, points: { show: (u, i) => !spec.mute?.includes(i) } },
        hooks: { setCursor: [(u) => say(u.cursor.left >= 0 ? u.cursor.idx : null)], draw: spec.draw ? [spec.draw] : [] },
      }, spec.data, holder);
    };
    const entry = { build, plot: build() };
    new ResizeObserver(() => entry.plot.setSize({ width: room(holder), height: height() })).observe(holder);
    live.push(entry);
  }

  const lines = (figure) => Object.keys(figure.lines);
  const style = (name) => {
    const known = data.methods[name];
    return { name, label: known.label, colour: known.colour, own: name === "plashet", width: name === "plashet" ? 2.4 : 1.5, dash: name === "plashet" ? undefined : DASHES[known.dash % DASHES.length] };
  };
  const reader = (figure, x, suffix) => (s, i) => {
    if (!s) return when(x[i], figure.stamped);
    const v = figure.lines[s.name][i];
    return v == null ? "–" : number(v) + suffix;
  };
  const fromZero = (_, low, high) => [0, high > 0 ? high * 1.08 : 1];

  function outlook() {
    const f = data.outlook;
    if (!f) return null;
    const styles = f.bands.map((b, i) => ({
      label: `${b.level} % interval`, band: i ? "--band-b" : "--band-a", level: b,
      series: [{ hidden: true, colour: "--plashet" }, { hidden: true, colour: "--plashet" }],
    }));
    const gaps = f.truth.slice(0, f.t.indexOf(f.now) + 1).filter((v) => v == null).length;
    styles.push({ label: "what happened", colour: "--ink", width: 1.7, pick: "truth", dots: gaps > 3 }); // a lone value is no line
    styles.push({ label: "forecast", colour: "--plashet", width: 2.4, own: true, pick: "mean" });
    const columns = [f.t, ...f.bands.flatMap((b) => [b.hi, b.lo]), f.truth, f.mean];
    return {
      data: columns, stamped: f.stamped, styles, mute: f.bands.flatMap((_, i) => [2 * i + 1, 2 * i + 2]),
      bands: f.bands.map((_, i) => ({ series: [2 * i + 1, 2 * i + 2], fill: i ? "--band-b" : "--band-a" })),
      read: (s, i) => {
        if (!s) return when(f.t[i], f.stamped);
        if (s.level) return s.level.lo[i] == null ? "" : `${number(s.level.lo[i])} – ${number(s.level.hi[i])}`;
        return f[s.pick][i] == null ? "" : number(f[s.pick][i]);
      },
      draw: (u) => {
        const x = Math.round(u.valToPos(f.now, "x", true)), c = u.ctx, top = u.bbox.top;
        c.save();
        c.strokeStyle = css("--faint"); c.fillStyle = css("--soft"); c.lineWidth = devicePixelRatio; c.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
        c.beginPath(); c.moveTo(x, top); c.lineTo(x, top + u.bbox.height); c.stroke();
        c.font = `${12 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`; c.textAlign = "right"; c.textBaseline = "top";
        c.fillText("last known value", x - 6 * devicePixelRatio, top + 2 * devicePixelRatio);
        c.restore();
      },
    };
  }
  function horizon() {
    const f = data.horizon;
    if (!f) return null;
    const one = f.steps.length === 1;
    return {
      data: [f.steps, ...lines(f).map((n) => f.lines[n])], styles: lines(f).map((n) => ({ ...style(n), dots: one })), range: fromZero, label: "steps ahead",
      xrange: one ? () => [f.steps[0] - 1, f.steps[0] + 1] : undefined,
      read: (s, i) => (s ? number(f.lines[s.name][i]) : `${f.steps[i]} ahead`),
    };
  }
  function rolling() {
    const f = data.rolling;
    return f && { data: [f.t, ...lines(f).map((n) => f.lines[n])], stamped: f.stamped, styles: lines(f).map(style), range: fromZero, read: reader(f, f.t, "") };
  }
  function coverage() {
    const f = data.coverage;
    if (!f) return null;
    const names = lines(f), levels = names.map(Number);
    const styles = names.map((n, i) => ({ name: n, label: `${n} % interval holds`, colour: "--plashet", width: i ? 1.5 : 2.2, dash: i ? [6, 3] : undefined, own: !i }));
    const floor = Math.min(...names.flatMap((n) => f.lines[n].filter((v) => v != null)), ...levels);
    return {
      data: [f.t, ...names.map((n) => f.lines[n])], stamped: f.stamped, styles, unit: " %", read: reader(f, f.t, " %"),
      range: () => [Math.max(0, Math.floor(floor / 10) * 10 - 2), 101],
      draw: (u) => {
        const c = u.ctx;
        c.save(); c.strokeStyle = css("--faint"); c.lineWidth = devicePixelRatio; c.setLineDash([devicePixelRatio, 3 * devicePixelRatio]);
        for (const level of levels) {
          const y = Math.round(u.valToPos(level, "y", true));
          c.beginPath(); c.moveTo(u.bbox.left, y); c.lineTo(u.bbox.left + u.bbox.width, y); c.stroke();
        }
        c.restore();
      },
    };
  }
  function experts() {
    const f = data.experts;
    if (!f) return null;
    const names = lines(f);
    let below = f.t.map(() => 0);
    const sums = names.map((n) => (below = below.map((v, i) => v + (f.lines[n][i] ?? 0))));
    const styles = names.map((n, i) => ({ name: n, label: f.labels[n], colour: "--panel", width: 1, fill: f.colours[n], band: f.colours[n] })).reverse();
    return {
      data: [f.t, ...sums.reverse()], stamped: f.stamped, styles, unit: " %", range: () => [0, 100], mute: styles.map((_, i) => i + 1),
      read: (s, i) => (s ? `${number(f.lines[s.name][i])} %` : when(f.t[i], f.stamped)),
    };
  }
  function heat() {
    const f = data.activity, canvas = document.getElementById("activity");
    if (!f || !canvas) return;
    const raw = Int8Array.from(atob(f.data), (c) => c.charCodeAt(0));
    const [cold, warm, zero] = ["--cold", "--warm", "--zero"].map((n) => css(n).split(/\s+/).map(Number));
    canvas.width = f.ticks; canvas.height = f.units;
    const c = canvas.getContext("2d"), image = c.createImageData(f.ticks, f.units);
    raw.forEach((v, i) => {
      const far = Math.min(1, Math.abs(v) / 127), end = v < 0 ? cold : warm;
      for (let k = 0; k < 3; k++) image.data[4 * i + k] = zero[k] + (end[k] - zero[k]) * far;
      image.data[4 * i + 3] = 255;
    });
    c.putImageData(image, 0, 0);
  }

  chart("outlook", outlook()); chart("horizon", horizon()); chart("rolling", rolling());
  chart("coverage", coverage()); chart("experts", experts()); heat();
  const again = () => { for (const e of live) { e.plot.destroy(); e.plot = e.build(); } heat(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  addEventListener("beforeprint", () => { root.dataset.print = "1"; again(); });
  addEventListener("afterprint", () => { delete root.dataset.print; again(); });
})();
