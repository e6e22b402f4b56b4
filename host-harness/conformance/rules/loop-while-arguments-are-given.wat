;; Never ends while the host puts the arguments into its memory.
;; held by: rule-fuel, rule-wall-ms
(module
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) (unreachable))
  (func (export "uis:integration/rule-responsible@0.2.0#decide") (param i32) (result i32)
    (unreachable))
)
