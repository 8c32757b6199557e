"""Whatever files a patient has, and in whatever order: a patient is complete or named, and the choice is the same."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dicom import Header, RtFacts, SeriesHeader
from lungtox.intake.scan import FoundFile
from lungtox.intake.select import select_files

FRAMES = ("1", "2", "")
UIDS = ("a", "b", "c")


@st.composite
def files(draw):
    """Up to seven files of every kind, with references that may lead anywhere."""
    found = []
    for number in range(draw(st.integers(0, 7))):
        modality = draw(st.sampled_from(("RTPLAN", "RTSTRUCT", "RTDOSE", "NM", "CT", "REG", "PT")))
        frame = draw(st.sampled_from(FRAMES))
        shared = SeriesHeader(
            patient_id="ID",
            issuer="",
            name=draw(st.sampled_from(("", "doe", "doe", "doe", "roe"))),
            birth_date="",
            study="1",
            series=draw(st.sampled_from(("s", "t"))),
            frame_of_reference=frame,
            modality=modality,
            attenuation_corrected=draw(st.booleans()),
        )
        facts = RtFacts(
            plans=tuple(draw(st.sets(st.sampled_from(UIDS), max_size=2))),
            structure_sets=tuple(draw(st.sets(st.sampled_from(UIDS), max_size=1))),
            series=tuple(draw(st.sets(st.sampled_from(("s", "t")), max_size=1))),
            frames=tuple(draw(st.sets(st.sampled_from(FRAMES[:2]), max_size=2))),
            made=draw(st.sampled_from(("", "20140801", "20140815 1200", "no date"))),
            approval=draw(st.sampled_from(("", "APPROVED", "UNAPPROVED", "REJECTED"))),
            intent=draw(st.sampled_from(("", "CURATIVE", "VERIFICATION"))),
            summation_type=draw(st.sampled_from(("PLAN", "PLAN", "MULTI_PLAN", "BEAM", ""))),
            units=draw(st.sampled_from(("GY", "RELATIVE"))),
        )
        header = Header(shared, draw(st.sampled_from(UIDS)), facts=facts if modality[:2] == "RT" else None)
        found.append(FoundFile(f"/{number}", header))
    return found


def select(found, **options):
    return select_files("P1", found, number=lambda file: f"F{file.path[1:]}", answers=options, owners={})


@settings(max_examples=150, deadline=None)
@given(found=files(), seed=st.integers(0, 100))
def test_a_patient_is_complete_or_named_and_order_does_not_matter(found, seed):
    chosen = select(found)
    if not chosen.faults:
        assert {"dose", "structures"} <= chosen.files.keys()
        (structures,) = chosen.files["structures"]
        for dose in chosen.files["dose"]:
            assert dose.header.shared.frame_of_reference in (
                structures.header.facts.frames or (structures.header.shared.frame_of_reference,)
            )
            assert dose.header.facts.summation_type in ("PLAN", "MULTI_PLAN")
    open_items = {choice.item for choice in chosen.choices if choice.how == "open"}
    assert {f"choose-{item}" for item in open_items & {"plan", "dose", "structures", "spect"}} <= {
        fault.code for fault in chosen.faults
    }
    shuffled = list(found)
    random.Random(seed).shuffle(shuffled)
    again = select(shuffled)
    assert {fault.code for fault in again.faults} == {fault.code for fault in chosen.faults}
    for item in ("plan", "dose", "structures", "spect"):
        assert set(again.files.get(item, ())) == set(chosen.files.get(item, ()))


@settings(max_examples=60, deadline=None)
@given(found=files(), data=st.data())
def test_every_question_can_be_answered(found, data):
    """Answering what is asked, as often as it is asked, leaves no question open."""
    answers = {}
    for _ in range(6):
        chosen = select(found, **answers)
        asked = [choice for choice in chosen.choices if choice.how == "open"]
        asked = [choice for choice in asked if choice.item in ("plan", "dose", "structures", "spect", "patient_id")]
        if not asked:
            break
        for choice in asked:
            candidate = data.draw(st.sampled_from(choice.candidates)).split(":")[0]
            answers[choice.item] = [candidate]
    assert not any(fault.code.startswith("choose-") or fault.code == "mixed-identity" for fault in chosen.faults)
