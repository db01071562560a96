# Shapes of values, and what goes wrong.
package shapes

echo := input

known := input.memberward

never if input.nothing

broken := 1 / input.zero

slow := count([1 | some x in numbers.range(1, 20000); some y in numbers.range(1, 20000); x == y + 20001])

nothing := null

named := {"with/slash": {"0": "key"}, "list": ["zero", "one"]}
