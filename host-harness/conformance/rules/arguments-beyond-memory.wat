;; Lets the host put the arguments beyond its memory.
;; held by: beyond end of memory, out of bounds
(module
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -64))
  (func (export "uis:integration/rule-responsible@0.2.0#decide") (param i32) (result i32)
    (unreachable))
)
