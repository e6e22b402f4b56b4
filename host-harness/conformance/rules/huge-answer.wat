;; Answers with a text of 64 MiB.
;; held by: limit rule-output-bytes, limit rule-memory-bytes
(module
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 1024))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "uis:integration/rule-responsible@0.2.0#decide") (param i32) (result i32)
    (drop (memory.grow (i32.const 1100)))
    (i32.store8 (i32.const 512) (i32.const 1))
    (i32.store (i32.const 516) (i32.const 2048))
    (i32.store (i32.const 520) (i32.const 67108864))
    (i32.const 512))
)
