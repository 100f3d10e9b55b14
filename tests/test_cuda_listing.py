"""The loops that are read from a listing of machine code."""

from __future__ import annotations

from benchmarks.cuda_listing import innermost, loops

LISTING = """
.text.train:
        /*0000*/                   MOV R1, c[0x0][0x28] ;
.L_x_1:
        /*0010*/                   LDG.E R2, desc[UR4][R2.64] ;
.L_x_2:
        /*0020*/                   MUFU.RCP R3, R2 ;
        /*0030*/              @P1  BRA `(.L_x_3) ;
        /*0040*/              @!P0 BRA `(.L_x_2) ;
.L_x_3:
        /*0050*/                   STL [R1], R3 ;
        /*0060*/               @P0 BRA `(.L_x_1) ;
        /*0070*/                   EXIT ;
.L_x_4:
        /*0080*/                   BRA `(.L_x_4);
"""


def test_a_loop_is_from_a_label_to_the_jump_back_to_it() -> None:
    outer, inner = loops(LISTING)
    assert (outer.first, outer.last, len(outer)) == (1, 6, 6)
    assert (inner.first, inner.last) == (2, 4)
    assert outer.holds(inner)
    assert not inner.holds(outer)
    assert innermost([outer, inner]) == [inner]
    assert (outer.kinds["LDG"], outer.kinds["STL"], inner.kinds["MUFU"]) == (1, 1, 1)
