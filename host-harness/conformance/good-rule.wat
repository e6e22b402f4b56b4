;; Names the user 7 as responsible: it is asked after each attack, to see that the sandbox still works.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "7")
  ;; some("7"): the kind, the text's address and length.
  (data (i32.const 32) "\01\00\00\00\10\00\00\00\01\00\00\00")
  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "uis:integration/rule-responsible@0.2.0#decide") (param i32) (result i32) (i32.const 32)))
