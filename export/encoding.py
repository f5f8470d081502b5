"""Writes a network with its ranges as a graph of quantise and dequantise nodes that ONNX Runtime fuses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.quantisation.graph import Graph, Node, write_graph
from trainers.quantisation.network import ACTIVATIONS, QuantisedNetwork, activated

_FLOAT = 1  # onnx.TensorProto.FLOAT
_LARGE = 20_000
"""Arrays that stay in floating point are kept as float16 from this size on, as in the network that came."""


def encode(network: QuantisedNetwork) -> bytes:
    """The network as ONNX: weights as int8 by channel, values as uint8, activations as the ends of ranges."""
    return write_graph(_Encoder(network).graph())


class _Encoder:
    def __init__(self, network: QuantisedNetwork) -> None:
        self.network = network
        self.source = network.graph
        self.made: list[Node] = []
        self.constants: dict[str, NDArray[np.generic]] = {}
        self.floats: dict[str, str] = {}
        self.steps: dict[str, tuple[float, int]] = {}

    def graph(self) -> Graph:
        source, users = self.source, self.source.users()
        ends = {activated(node, users): node for node in self.network.convolutions}
        hidden = {node.output for name, node in ends.items() if name != node.output}
        for name in self.network.points:
            self.steps[name] = (self.network.scale(name), self.network.zeros[name])
        for name, value in source.constants.items():
            self._keep(name, value)
        for node in source.nodes:
            if any(node is each for each in self.network.convolutions):
                self._convolve(node, activated(node, users))
            elif node.op in ACTIVATIONS and node.inputs[0] in hidden:
                continue  # the ends of the range do what it did
            elif node.op == "Resize" and node.inputs[0] in self.steps:
                self._repeat(node)
            elif node.op == "Add" and node.output in self.steps:
                self._plain(node, f"{node.output}.exact")
                self._quantise(node.output, f"{node.output}.exact")
            elif node.op == "DequantizeLinear":
                self._know(node)
            else:
                self._plain(node)
                self._quantise_fed(node)
        graph = Graph(self.made, self.constants, source.image, source.outputs, source.model)
        self._shrink(graph)
        graph.prune()
        return graph

    def _keep(self, name: str, value: NDArray[np.generic]) -> None:
        if name in self.network.names:
            value = self.network.weight(name).detach().numpy()
        self.constants[name] = value

    def _know(self, node: Node) -> None:
        """Bytes that are there already, as of the picture: their step and zero are constants."""
        step, zero = (self.source.constants[name] for name in node.inputs[1:])
        self.steps[node.output] = (float(step), int(zero))
        self.made.append(Node(node.op, list(node.inputs), list(node.outputs)))
        self.floats[node.output] = node.output

    def _quantise_fed(self, node: Node) -> None:
        for name in node.outputs:
            if name in self.steps:
                self._quantise(name, name)

    def _quantise(self, name: str, exact: str) -> None:
        """Rounds a value to bytes, and has whoever reads it read what the bytes stand for."""
        step, zero = self._scales(name)
        self.made.append(Node("QuantizeLinear", [exact, step, zero], [f"{name}.q"]))
        self._dequantise(name, step, zero)

    def _dequantise(self, name: str, step: str, zero: str) -> None:
        self.floats[name] = name if name in self.source.outputs else f"{name}.dq"
        self.made.append(Node("DequantizeLinear", [f"{name}.q", step, zero], [self.floats[name]]))

    def _scales(self, name: str) -> tuple[str, str]:
        step, zero = self.steps[name]
        self.constants[f"{name}.step"] = np.array(step, np.float32)
        self.constants[f"zero.{zero}"] = np.array(zero, np.uint8)
        return f"{name}.step", f"zero.{zero}"

    def _repeat(self, node: Node) -> None:
        """Repeats bytes as they are."""
        name = node.inputs[0]
        self.steps[node.output] = self.steps[name]
        step, zero = self._scales(node.output)
        self.made.append(
            Node(node.op, [f"{name}.q", *node.inputs[1:]], [f"{node.output}.q"], node.attributes)
        )
        self._dequantise(node.output, step, zero)

    def _convolve(self, node: Node, end: str) -> None:
        weight = self.network.weight(node.inputs[1]).detach().numpy()
        bias = self.network.weight(node.inputs[2]).detach().numpy().astype(np.float64)
        scale = self.network.step(node.inputs[1]).numpy()
        codes = np.clip(np.round(weight / scale[:, None, None, None]), -127, 127).astype(np.int8)
        step = np.float32(self.steps[node.inputs[0]][0]) * scale
        whole = np.clip(np.round(bias / step), -(2**31) + 1, 2**31 - 1).astype(np.int32)
        names = [f"{end}.w", f"{end}.b"]
        for name, value, steps in ((names[0], codes, scale), (names[1], whole, step)):
            zero = f"zeros.{value.dtype}.{len(steps)}"  # one for all convolutions of so many channels
            self.constants |= {f"{name}.codes": value, f"{name}.step": steps}
            self.constants[zero] = np.zeros(len(steps), value.dtype)
            self.made.append(
                Node("DequantizeLinear", [f"{name}.codes", f"{name}.step", zero], [name], {"axis": 0})
            )
        inputs = [self.floats.get(node.inputs[0], node.inputs[0]), *names]
        self.made.append(Node("Conv", inputs, [f"{end}.exact"], node.attributes))
        self._quantise(end, f"{end}.exact")

    def _plain(self, node: Node, output: str = "") -> None:
        inputs = [self.floats.get(name, name) for name in node.inputs]
        self.made.append(Node(node.op, inputs, [output] if output else list(node.outputs), node.attributes))

    def _shrink(self, graph: Graph) -> None:
        casts = []
        for name, value in list(graph.constants.items()):
            used = any(name in node.inputs for node in graph.nodes)
            if used and value.dtype == np.float32 and value.size > _LARGE:
                graph.constants[f"{name}.half"] = graph.constants.pop(name).astype(np.float16)
                casts.append(Node("Cast", [f"{name}.half"], [name], {"to": _FLOAT}))
        graph.nodes[:0] = casts
