/* The page: one status, which events bring up to date, and what is drawn of it. Whatever comes
 * from the server is put in as text, never as markup. */
"use strict";

const $ = (id) => document.getElementById(id);
const SILENT_MS = 5000; /* events come every second */
const CHART_SAMPLES = 300;
let status_ = null, tables = new Map(), heard = 0, source = null, limit = 100, sent = false;

function element(name, text, className) {
	const e = document.createElement(name);
	if (text !== undefined) e.textContent = text;
	if (className) e.className = className;
	return e;
}
function set(node, text) { if (node.textContent !== String(text)) node.textContent = text; }

/* ---- numbers ---- */
function count(n) {
	const units = ["", "k", "M", "G", "T", "P"];
	let u = 0;
	while (n >= 1000 && u < 5) { n /= 1000; u++; }
	return (u ? n.toFixed(1) : Math.floor(n)) + units[u];
}
const some = (n, what) => n + " " + what + (n === 1 ? "" : "s");
function duration(s) {
	s = Math.max(0, Math.round(s));
	const two = (n) => String(n).padStart(2, "0");
	if (s < 60) return s + "s";
	if (s < 3600) return Math.floor(s / 60) + "m" + two(s % 60) + "s";
	if (s < 86400) return Math.floor(s / 3600) + "h" + two(Math.floor(s % 3600 / 60)) + "m";
	return Math.floor(s / 86400) + "d" + two(Math.floor(s % 86400 / 3600)) + "h";
}
const percent = (f) => (Math.floor(f * 1000) / 10).toFixed(1) + "%";
const place = (p) => p && p.Name ? p.Name + ":" + p.Pos : "–";
function key(k) {
	if (!k) return "–";
	return k.type === "composite" ? k.values.map((v) => v.value).join(", ") : String(k.value);
}

/* ---- requests ---- */
async function post(path, body) {
	sent = true;
	try {
		const answer = await fetch(path, { method: "POST", body: JSON.stringify(body || {}),
			headers: { "Content-Type": "application/json" } });
		$("answer").textContent = answer.ok ? "Done: " + path.replace("api/", "") :
			"Refused: " + (await answer.text());
	} catch (e) {
		$("answer").textContent = "No answer to " + path;
	}
	sent = false;
	draw();
}
/* By the button itself: a dialog tells that it was closed only later, perhaps when the next one is
 * open. */
function ask(title, lines, yes, then) {
	set($("ask-title"), title);
	$("ask-text").replaceChildren(...lines.map((l) => element("li", l)));
	set($("ask-yes"), yes);
	$("ask-yes").onclick = then;
	$("ask").showModal();
}

/* ---- what can be done ---- */
function verdict(s) {
	if (!s.VerifierSupport) return ["There is no verifier: nothing was compared", "warn"];
	if (s.VerificationErr) return ["Could not be found out: " + s.VerificationErr, "bad"];
	if (s.VerificationStarted && !s.VerificationDone) return ["Under way", "busy"];
	if (!s.VerificationDone) return ["Not started (" + s.VerifierType + ")", "warn"];
	return s.VerificationResult.DataCorrect ? ["All tables are equal", "good"] :
		["DIFFERENT: " + some(s.VerificationResult.IncorrectTables.length, "table") + ", " +
		 some(s.VerificationResult.DifferentRows, "row"), "bad"];
}
function cutover(s) {
	ask("Cut over now?", [
		"Lag of reading: " + duration(s.BinlogStreamerLag) + ", of applying: " +
		duration(s.BinlogWriterLag) + ", changes queued: " + s.ChangesQueued,
		"Verification: " + verdict(s)[0],
		"Writers on the source must have stopped" + (s.OverallState === "wait-for-cutover" ?
			"." : "; the cutover begins by itself when the rows are copied."),
	], "Cut over", () => post("api/cutover", { type: "automatic" }));
}
const actions = [
	{ label: "Cut over now", hurts: true, run: cutover,
	  on: (s) => !["cutover", "done"].includes(s.OverallState) && !s.AutomaticCutover },
	{ label: "Take the cutover back", run: () => post("api/cutover", { type: "manual" }),
	  on: (s) => !["cutover", "done"].includes(s.OverallState) && s.AutomaticCutover },
	{ label: "Pause", run: () => post("api/pause"), on: (s) => s.OverallState !== "done" && !s.Paused },
	{ label: "Go on", run: () => post("api/unpause"), on: (s) => s.OverallState !== "done" && s.Paused },
	{ label: "Verify now", run: () => post("api/verify"), on: (s) => s.VerifierAvailable },
	{ label: "Stop", hurts: true, on: () => true,
	  run: (s) => ask("Stop the process?", [s.OverallState === "done" ? "The move is done." :
		"The state is dumped, and the move can be resumed from it."], "Stop",
		() => post("api/stop")) },
];
function makeButtons() {
	for (const a of actions) {
		a.button = element("button", a.label, a.hurts ? "hurts" : "");
		a.button.type = "button";
		a.button.hidden = true;
		a.button.onclick = () => { if (!sent) a.run(status_); };
		$("buttons").append(a.button);
	}
}

/* Who presses one by the keyboard stays among them: not disabled meanwhile, and when it goes away
 * its opposite, which stands beside it, has the focus. */
function drawButtons(s, silent) {
	const all = actions.map((a) => a.button), at = all.indexOf(document.activeElement);
	for (const a of actions) {
		a.button.hidden = !a.on(s);
		a.button.disabled = Boolean(silent);
		a.button.setAttribute("aria-disabled", sent);
	}
	if (at >= 0 && all[at].hidden)
		(all[at ^ 1].hidden ? all.find((b) => !b.hidden) : all[at ^ 1]).focus();
}

/* ---- charts ---- */
const charts = [
	{ label: "Rows per second", of: (s) => s.PaginationKeysPerSecond, show: count },
	{ label: "Bytes per second", of: (s) => s.BytesPerSecond, show: (n) => count(n) + "B" },
	{ label: "Lag", of: (s) => Math.max(s.BinlogStreamerLag, s.BinlogWriterLag), show: duration },
];
function makeCharts() {
	for (const c of charts) {
		const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
		c.line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
		c.caption = element("figcaption", c.label);
		c.samples = [];
		svg.setAttribute("viewBox", "0 0 300 100");
		svg.setAttribute("preserveAspectRatio", "none");
		svg.setAttribute("aria-hidden", "true");
		svg.append(c.line);
		const figure = element("figure");
		figure.setAttribute("aria-label", c.label);
		figure.append(c.caption, svg);
		$("charts").append(figure);
	}
}
function sample(s) {
	for (const c of charts) {
		c.samples.push(c.of(s) || 0);
		if (c.samples.length > CHART_SAMPLES) c.samples.shift();
		const most = Math.max(1e-9, ...c.samples), first = CHART_SAMPLES - c.samples.length;
		c.line.setAttribute("points", c.samples.map((n, i) =>
			(first + i) + "," + (97 - 92 * n / most).toFixed(1)).join(" "));
		set(c.caption, c.label + ": " + c.show(c.samples[c.samples.length - 1]) + ", at most " + c.show(Math.max(...c.samples)));
	}
}

/* ---- parts of the page ---- */
const STATE_CLASS = { done: "good", "wait-for-cutover": "warn" };
const of = (s, done, all, unit) => !s.TotalTableCount ? "–" : count(done) + unit +
	(s.CompletedTableCount < s.TotalTableCount ? " of about " + count(all) + unit : "");
const facts = {
	"Version": (s) => s.GhostferryVersion,
	"Source": (s) => s.SourceHostPort,
	"Target": (s) => s.TargetHostPort,
	"Started": (s) => new Date(s.StartTime).toLocaleString(),
	"Time taken": (s) => duration(s.TimeTaken),
	"Time left": (s) => s.OverallState !== "copying" ? "–" : s.ETA === null ? "unknown" : duration(s.ETA),
	"Tables": (s) => s.TotalTableCount ? s.CompletedTableCount + " of " + s.TotalTableCount : "–",
	"Rows": (s) => of(s, s.CopiedRows, s.EstimatedRows, ""),
	"Bytes": (s) => of(s, s.CopiedBytes, s.EstimatedBytes, "B"),
	"Changes": (s) => count(s.ChangesApplied) + " applied, " + count(s.ChangesQueued) + " queued",
	"Lag of reading": (s) => duration(s.BinlogStreamerLag),
	"Lag of applying": (s) => duration(s.BinlogWriterLag),
	"Cutover": (s) => s.AutomaticCutover ? "allowed" : "not allowed",
	"Read up to": (s) => place(s.LastSuccessfulBinlogPos),
	"Applied up to": (s) => place(s.AppliedBinlogPos),
	"Final position": (s) => place(s.FinalBinlogPos),
	"Limited by": (s) => s.LimitedBy || "–",
};
const factNodes = {};
function drawFacts(s) {
	for (const [name, of] of Object.entries(facts)) {
		if (!factNodes[name]) {
			const pair = element("div");
			factNodes[name] = element("dd");
			pair.append(element("dt", name), factNodes[name]);
			$("facts").append(pair);
		}
		set(factNodes[name], of(s));
	}
}
function drawTimes(s) {
	const rows = [];
	const add = (name, v) => {
		if (typeof v === "number") rows.push([name, v]);
		else if (v && typeof v === "object") for (const k in v) add(name ? name + " " + k : k, v[k]);
	};
	add("", s.SecondsPerState);
	for (const [reason, seconds] of Object.entries(s.ThrottledSeconds))
		if (reason === "paused" || seconds) add(reason === "paused" ? reason : "throttled: " + reason.replaceAll("_", " "), seconds);
	for (const side of ["Source", "Target"])
		for (const [name, ms] of Object.entries(s[side + "TimeMs"] || {}))
			rows.push([side.toLowerCase() + ": " + name.replace(/\B[A-Z]/g, " $&").toLowerCase(),
				ms / 1000]);
	const shown = rows.filter((r) => r[1] >= 0.05);
	$("time").hidden = !shown.length;
	$("times").replaceChildren(...shown.map(([name, v]) => {
		const pair = element("div");
		pair.append(element("dt", name), element("dd", v < 10 ? v.toFixed(1) + "s" : duration(v)));
		return pair;
	}));
}
let findingsText = "";
function drawVerification(s) {
	const [text, kind] = verdict(s), r = s.VerificationResult, text2 = JSON.stringify(r);
	$("verification").hidden = false;
	set($("verdict"), text);
	$("verdict").className = kind;
	if (text2 === findingsText) return;
	findingsText = text2;
	const found = r.Findings || [];
	$("findings").hidden = !found.length;
	$("findings").tBodies[0].replaceChildren(...found.map((f) => {
		const tr = element("tr");
		tr.append(element("td", f.Table), element("td", f.Key || "–"), element("td", f.Kind));
		return tr;
	}));
}
const scriptNodes = new Map();
function drawScripts(s) {
	const all = Object.values(s.CustomScriptStatuses || {});
	$("scripts").hidden = !all.length;
	for (const script of all) {
		let n = scriptNodes.get(script.Name);
		if (!n) {
			n = { head: element("div", undefined, "buttons"), name: element("strong", script.Name),
				run: element("button", "Run"), state: element("span"), out: element("pre") };
			n.run.type = "button";
			n.run.setAttribute("aria-label", "Run " + script.Name);
			n.run.onclick = () => ask("Run " + script.Name + "?", ["It runs on the machine of this process."],
				"Run", () => post("api/script", { "script-name": script.Name }));
			n.out.tabIndex = 0;
			n.head.append(n.name, n.run, n.state);
			$("script-list").append(n.head, n.out);
			scriptNodes.set(script.Name, n);
		}
		n.run.disabled = script.Running;
		set(n.state, script.Status + (script.Running || script.Status === "not started yet" ||
			script.Status.includes("exit status") ? "" :
			", exit status " + script.ExitCode));
		n.state.className = script.Running ? "busy" : script.ExitCode ? "bad" : "";
		if (n.out.textContent !== script.Logs) {
			n.out.textContent = script.Logs;
			n.out.scrollTop = n.out.scrollHeight;
		}
	}
}

/* ---- tables: running first, and no more rows than a browser likes ---- */
const ORDER = { copying: 0, recopying: 0, indexing: 1, waiting: 2, completed: 3 };
const CELLS = ["Table", "State", "Copied", "Rows", "Last key", "Target key", "Batch"];
const rowNodes = new Map();
function row(name) {
	let r = rowNodes.get(name);
	if (r) return r;
	r = { tr: element("tr"), cells: CELLS.map((c, i) => {
		const td = element("td", undefined, i === 3 || i === 6 ? "n" : "");
		td.dataset.name = c;
		td.setAttribute("role", "cell"); /* on a phone it is laid out as none */
		return td;
	}) };
	r.tr.setAttribute("role", "row");
	r.bar = element("progress");
	r.bar.max = 1;
	r.bar.setAttribute("aria-label", "Copied of " + name);
	r.text = element("span");
	const bar = element("div", undefined, "bar");
	bar.append(r.bar, r.text);
	r.cells[2].append(bar);
	r.tr.append(...r.cells);
	rowNodes.set(name, r);
	return r;
}
function drawTables() {
	const wanted = $("search").value.toLowerCase();
	const found = [...tables.values()].filter((t) => t.TableName.toLowerCase().includes(wanted))
		.sort((a, b) => ORDER[a.Status] - ORDER[b.Status] || (a.TableName < b.TableName ? -1 : 1));
	const shown = found.slice(0, limit).map((t) => {
		const r = row(t.TableName), c = r.cells;
		set(c[0], t.TableName);
		set(c[1], t.Status);
		c[1].title = t.Status === "recopying" ? "its definition changed on the source: see the log" : "";
		c[1].className = t.Status === "completed" ? "good" : t.Status !== "waiting" ? "busy" : "";
		r.bar.value = t.Fraction;
		set(r.text, percent(t.Fraction));
		set(c[3], count(t.RowsWritten) + (t.Status === "completed" && t.RowsWritten ? "" :
			" / ~" + count(t.EstimatedRows)));
		const none = t.Status === "waiting"; /* then the status has a key of 0 */
		set(c[4], none ? "–" : key(t.LastSuccessfulPaginationKey));
		set(c[5], none ? "–" : key(t.TargetPaginationKey));
		set(c[6], t.BatchSize || "by bytes");
		return r.tr;
	});
	const body = $("tables").tBodies[0];
	if (shown.length !== body.rows.length || shown.some((tr, i) => body.rows[i] !== tr))
		body.replaceChildren(...shown);
	set($("shown"), "showing " + shown.length + " of " + found.length);
	$("more").hidden = found.length <= limit;
}

function drawGone() {
	const silent = Date.now() - heard > SILENT_MS, s = status_;
	const gone = heard && silent || s && s.Failure;
	$("gone").hidden = !gone;
	if (gone) {
		set($("gone"), (silent ? "The process is gone, or cannot be reached, since " +
			new Date(heard).toLocaleTimeString() + ". What follows is the last that it said. " : "") +
			(s && s.Failure ? "The run has ended: " + s.Failure : ""));
	}
	for (const b of document.querySelectorAll("main button:not(#more)")) b.classList.toggle("off", silent);
	$("buttons").inert = $("batch").inert = Boolean(silent);
	return silent;
}
function draw() {
	const s = status_, silent = drawGone();
	if (!s) return;
	const state = silent ? "gone" : s.Failure ? "failed" : s.OverallState +
		(s.OverallState === "done" || !s.ThrottledBy ? "" : s.Paused ? ", paused" : ", throttled");
	set($("state"), state);
	$("state").className = "badge " + (silent || s.Failure ? "bad" : s.Throttled ? "warn" :
		STATE_CLASS[s.OverallState] || "busy");
	set($("route"), s.SourceHostPort + " → " + s.TargetHostPort);
	document.title = state + " " + percent(s.Fraction) + " Ghostferry: " + s.SourceHostPort + " → " + s.TargetHostPort;
	$("all").value = s.Fraction;
	set($("all-text"), percent(s.Fraction));
	const held = s.Paused || s.OverallState === "done" ? "" : s.ThrottledBecause;
	$("waiting").hidden = !s.WaitingFor && !held;
	set($("waiting"), [s.WaitingFor && "Waiting for " + s.WaitingFor, held && "Throttled: " + held].filter(Boolean).join(". "));
	drawFacts(s);
	drawButtons(s, silent);
	$("batch").hidden = $("throttle").hidden = s.OverallState === "done";
	drawTimes(s);
	drawVerification(s);
	drawScripts(s);
	drawTables();
}

/* ---- events ---- */
function listen() {
	let known = new Map();
	source = new EventSource("api/events");
	source.onopen = () => { known = new Map(); };
	source.onmessage = (event) => {
		status_ = JSON.parse(event.data);
		heard = Date.now();
		for (const t of status_.TableStatuses) known.set(t.TableName, t);
		tables = known;
		sample(status_);
		draw();
	};
	source.onerror = () => {
		if (!heard) set($("state"), "no connection");
		/* Refused, not merely cut: the browser gives up, this page does not. Another process
		 * does not know this one's cookie: then the form to log in comes instead. */
		if (source.readyState !== EventSource.CLOSED) return;
		setTimeout(listen, 3000);
		fetch("api/config").then((answer) => { if (answer.status === 401) location.reload(); }, () => {});
	};
}

/* What the chosen limit is now; never in place of what was typed meanwhile. */
async function showLimit() {
	const which = $("which").value;
	$("most").value = "";
	const answer = await fetch("api/config").catch(() => null);
	if (!answer || !answer.ok) return;
	const limits = (await answer.json()).Throttle || {};
	if (which === $("which").value && !$("most").value) $("most").value = limits[which] || 0;
}

makeButtons();
makeCharts();
showLimit();
$("search").oninput = () => { limit = 100; drawTables(); };
$("more").onclick = () => { limit += 400; drawTables(); };
$("batch").onsubmit = (event) => {
	event.preventDefault();
	post("api/config", { DataIterationBatchSize: Number($("rows").value) });
};
$("which").onchange = showLimit;
$("throttle").onsubmit = (event) => {
	event.preventDefault();
	post("api/config", { Throttle: { [$("which").value]: Number($("most").value) } });
};
setInterval(() => { if (Date.now() - heard > SILENT_MS) draw(); }, 1000);
listen();
