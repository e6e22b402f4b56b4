;; A component that is no rule.
;; held by: exports none of
(component)
