/**
 * What pi is given to plan with: a tool that asks the person, the banner, and the MCP servers of the configuration.
 *
 * A copy of this file lies in a private folder of the session, with `banner.json` and `mcp.json` beside it. From 1.0 on
 * pi connects MCP servers itself; before that they are spoken to here. Nothing of pi is imported but types, so that it
 * loads under every name that the package has had.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ExtensionAPI } from "@earendil-works/pi-coding-agent";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const OTHER = "Something else …";
const SECONDS = 60;
const PATIENCE = 10;

type Content = { type: string; text?: string; [key: string]: unknown };
type Server = { command?: string; args?: string[]; env?: Record<string, string>; url?: string };
type Tool = { name: string; description?: string; inputSchema?: object; annotations?: { destructiveHint?: boolean } };
type Message = { id?: number; method?: string; result?: any; error?: { message?: string } };

const said = (text: string, details: object = {}) => ({ content: [{ type: "text" as const, text }], details });

function read(name: string): any {
	const file = join(FOLDER, name);
	return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

// -- the question ----------------------------------------------------------------------------------------------------

const QUESTION = {
	type: "object",
	properties: {
		question: { type: "string", description: "What to ask, as one sentence" },
		options: {
			type: "array",
			description: "Answers to choose from, the best guess first, at most 4; none: the person writes",
			items: {
				type: "object",
				properties: {
					label: { type: "string", description: "The answer" },
					description: { type: "string", description: "What it means, in a few words" },
				},
				required: ["label"],
			},
		},
	},
	required: ["question"],
};

type Asked = { question: string; options?: { label: string; description?: string }[] };

function addQuestion(pi: ExtensionAPI) {
	pi.registerTool({
		name: "question",
		label: "Question",
		description:
			"Ask the person a question and wait for the answer. They choose one of the options, or write another answer.",
		promptSnippet: "Ask the person a question, with answers to choose from",
		parameters: QUESTION as any,
		executionMode: "sequential",
		async execute(_id: string, params: Asked, signal: AbortSignal | undefined, _update: unknown, ctx: any) {
			if (!ctx.hasUI) return said("Nobody can be asked: there is no terminal.", { answer: null });
			const answer = await ask(ctx.ui, params, signal);
			return said(answer === undefined ? "They gave no answer: ask in words, and wait." : `They answered: ${answer}`, {
				answer: answer ?? null,
			});
		},
	} as any);
}

async function ask(ui: any, { question, options = [] }: Asked, signal?: AbortSignal): Promise<string | undefined> {
	const labels = options.map((one) => (one.description ? `${one.label} — ${one.description}` : one.label));
	if (labels.length > 0) {
		const chosen = await ui.select(question, [...labels, OTHER], { signal });
		if (chosen === undefined) return undefined;
		if (chosen !== OTHER) return options[labels.indexOf(chosen)]?.label;
	}
	const written = (await ui.input(question, "your answer", { signal }))?.trim();
	return written || undefined;
}

// -- the banner ------------------------------------------------------------------------------------------------------

function rows(line: string, width: number): string[] {
	const found: string[] = [];
	for (const word of line.split(" ")) {
		const longer = found.length > 0 ? `${found[found.length - 1]} ${word}` : word;
		if (found.length > 0 && [...longer].length <= width) found[found.length - 1] = longer;
		else found.push([...word].slice(0, width).join(""));
	}
	return found;
}

function addBanner(pi: ExtensionAPI) {
	const lines: string[] = read("banner.json") ?? [];
	pi.on("session_start", async (_event: unknown, ctx: any) => {
		if (!ctx.hasUI || lines.length === 0) return;
		ctx.ui.setHeader((_tui: unknown, theme: any) => ({
			render: (width: number) => [
				"",
				...lines.flatMap((line, i) => rows(line, width).map((row) => theme.fg(i === 0 ? "accent" : "muted", row))),
				"",
			],
			invalidate() {},
		}));
	});
	pi.registerCommand("default-header", {
		description: "Show pi's own header again",
		handler: async (_args: string, ctx: any) => ctx.ui.setHeader(undefined),
	});
}

// -- MCP servers -----------------------------------------------------------------------------------------------------

function addServers(pi: ExtensionAPI) {
	const servers: [string, Server][] = Object.entries(read("mcp.json")?.mcpServers ?? {});
	const own = (pi as any).registerMcpServer;
	if (typeof own === "function") {
		for (const [name, server] of servers) own.call(pi, safe(name), { ...server, exposure: "direct" });
		return;
	}
	const open: Connection[] = [];
	pi.on("session_start", async (_event: unknown, ctx: any) => {
		for (const connection of open.splice(0)) connection.close();
		const connected = Promise.all(
			servers.map(async ([name, server]) => {
				const connection = server.url ? new Web(server.url) : new Pipe(server, ctx.cwd);
				open.push(connection);
				try {
					for (const tool of await connection.begin()) addTool(pi, name, tool, connection);
				} catch (error) {
					connection.close();
					if (ctx.hasUI) ctx.ui.notify(`MCP server ${name}: ${(error as Error).message}`, "warning");
				}
			}),
		);
		const late = new Promise((go) => setTimeout(go, PATIENCE * 1000).unref()); // what comes later is there later
		await Promise.race([connected, late]);
	});
	pi.on("session_shutdown", async () => {
		for (const connection of open.splice(0)) connection.close();
	});
}

const safe = (name: string) => name.replace(/[^A-Za-z0-9_-]/g, "_");

function addTool(pi: ExtensionAPI, server: string, tool: Tool, connection: Connection) {
	pi.registerTool({
		name: `mcp__${safe(server)}__${safe(tool.name)}`.slice(0, 64),
		label: `${server}: ${tool.name}`,
		description: tool.description ?? tool.name,
		promptSnippet: (tool.description ?? tool.name).split("\n")[0],
		parameters: (tool.inputSchema ?? { type: "object", properties: {} }) as any,
		async execute(_id: string, params: object, _signal: unknown, _update: unknown, ctx: any) {
			const may = !tool.annotations?.destructiveHint || !ctx.hasUI; // pi itself asks for no permission
			if (!may && !(await ctx.ui.confirm(`${server}: ${tool.name}?`, JSON.stringify(params)))) {
				throw new Error("The person does not allow this.");
			}
			const result = await connection.call("tools/call", { name: tool.name, arguments: params });
			const content = ((result?.content ?? []) as Content[]).map(shown);
			if (result?.isError) throw new Error(content.map((one) => one.text ?? "").join("\n") || "the tool failed");
			return { content, details: result?.structuredContent ?? {} };
		},
	} as any);
}

function shown(one: Content): any {
	if (one.type === "text") return { type: "text", text: one.text ?? "" };
	if (one.type === "image") return { type: "image", data: one.data, mimeType: one.mimeType };
	return { type: "text", text: JSON.stringify(one) };
}

abstract class Connection {
	protected last = 0;
	abstract send(message: object): Promise<void>;
	abstract call(method: string, params: object): Promise<any>;
	abstract close(): void;

	async begin(): Promise<Tool[]> {
		await this.call("initialize", {
			protocolVersion: "2025-06-18",
			capabilities: {},
			clientInfo: { name: "orchestrator", version: "1" },
		});
		await this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
		const tools: Tool[] = [];
		let cursor: string | undefined;
		do {
			const page = await this.call("tools/list", cursor ? { cursor } : {});
			tools.push(...(page?.tools ?? []));
			cursor = page?.nextCursor;
		} while (cursor);
		return tools;
	}
}

/** A program that is spoken to on its standard input and output. */
class Pipe extends Connection {
	private readonly child: ChildProcess;
	private readonly waiting = new Map<number, (message: Message) => void>();
	private gone?: string;

	constructor({ command, args = [], env = {} }: Server, cwd: string) {
		super();
		this.child = spawn(command!, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "ignore"] });
		this.child.on("error", (error) => this.end(error.message));
		this.child.on("exit", (code, signal) => this.end(`it ended (${signal ?? `code ${code}`})`));
		this.child.stdin!.on("error", () => {});
		createInterface({ input: this.child.stdout! }).on("line", (line) => this.hear(line));
	}

	private hear(line: string) {
		let message: Message;
		try {
			message = JSON.parse(line);
		} catch {
			return; // what a program prints beside
		}
		if (message.method !== undefined) {
			if (message.id !== undefined) void this.send(refused(message));
		} else if (message.id !== undefined) {
			this.waiting.get(message.id)?.(message);
		}
	}

	private end(why: string) {
		this.gone ??= why;
		for (const answer of this.waiting.values()) answer({ error: { message: why } });
	}

	async send(message: object) {
		this.child.stdin!.write(`${JSON.stringify(message)}\n`);
	}

	call(method: string, params: object): Promise<any> {
		if (this.gone !== undefined) return Promise.reject(new Error(this.gone));
		const id = ++this.last;
		return new Promise((resolve, reject) => {
			const late = setTimeout(() => finish({ error: { message: `no answer within ${SECONDS} s` } }), SECONDS * 1000);
			const finish = (message: Message) => {
				clearTimeout(late);
				this.waiting.delete(id);
				if (message.error) reject(new Error(message.error.message ?? "it failed"));
				else resolve(message.result);
			};
			this.waiting.set(id, finish);
			void this.send({ jsonrpc: "2.0", id, method, params });
		});
	}

	close() {
		this.end("closed");
		this.child.stdin!.end();
		this.child.kill("SIGTERM");
	}
}

function refused(message: Message): object {
	if (message.method === "ping") return { jsonrpc: "2.0", id: message.id, result: {} };
	return { jsonrpc: "2.0", id: message.id, error: { code: -32601, message: `${message.method} is not offered` } };
}

/** A server on the net that is spoken to by HTTP. */
class Web extends Connection {
	private session?: string;

	constructor(private readonly url: string) {
		super();
	}

	private async post(message: object): Promise<Message | undefined> {
		const response = await fetch(this.url, {
			method: "POST",
			signal: AbortSignal.timeout(SECONDS * 1000),
			headers: {
				"content-type": "application/json",
				accept: "application/json, text/event-stream",
				...(this.session ? { "mcp-session-id": this.session, "mcp-protocol-version": "2025-06-18" } : {}),
			},
			body: JSON.stringify(message),
		});
		if (!response.ok) throw new Error(`it answers ${response.status}`);
		this.session = response.headers.get("mcp-session-id") ?? this.session;
		const text = await response.text();
		const parts = text.split("\n").flatMap((line) => (line.startsWith("data:") ? [line.slice(5)] : []));
		const messages = (parts.length ? parts : [text]).filter((part) => part.trim()).map((part) => JSON.parse(part));
		return messages.find((one: Message) => one.id === (message as Message).id && one.method === undefined);
	}

	async send(message: object) {
		await this.post(message);
	}

	async call(method: string, params: object): Promise<any> {
		const answer = await this.post({ jsonrpc: "2.0", id: ++this.last, method, params });
		if (answer === undefined) throw new Error("it gives no answer");
		if (answer.error) throw new Error(answer.error.message ?? "it failed");
		return answer.result;
	}

	close() {}
}

export default function planner(pi: ExtensionAPI) {
	addQuestion(pi);
	addBanner(pi);
	addServers(pi);
}
