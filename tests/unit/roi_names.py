"""ROI names as clinics write them, and what a person reads in each; empty = must not be proposed as anything.

Written by hand, the answers before the program was run on them; words that were missed then were added to its table.
TYPED_WRONG has misspellings, words for a version and names without a side: there a proposal is welcome and may be
missing, but a wrong one counts. UNSEEN was written when the table of words was finished: at first sight
58 of 61 exact and alias proposals were right (wrong: targets named together with the lungs, refused since) and 12 of 12
fuzzy ones.
"""

EXPECTED = {
    "Lung_L": """
        Lung_L|lung_l|LUNG_L|Lung L|Lung-L|Lung (L)|Lung, Left|Left Lung|left lung|LEFT_LUNG|Lt Lung|Lt. Lung|
        LT LUNG|L Lung|L_Lung|L. Lung|LLung|Llung|LeftLung|LungL|Lung_Lt|Lung Lt|Lung_Left|LungLeft|Lunge li|
        Lunge links|Lunge_L|Linke Lunge|Lunge lks|linker Lungenflügel|Lungenflügel links|Poumon G|Poumon gauche|
        poumon_g|POUMON GAUCHE|Poumon Gche|Pulmón izquierdo|Pulmon izq|PULMON IZQUIERDO|pulmon_izq|Polmone sx|
        Polmone sinistro|POLMONE SX|polmone sin|Long links|Long li|Linker long|左肺|zuofei|Zuo Fei|lung sin|
        Lung_sin""",
    "Lung_R": """
        Lung_R|lung_r|LUNG_R|Lung R|Lung-R|Lung (R)|Lung, Right|Right Lung|right lung|Rt Lung|Rt. Lung|RT LUNG|
        R Lung|R_Lung|RLung|RightLung|LungR|Lung_Rt|Lung_Right|Lunge re|Lunge rechts|Rechte Lunge|
        rechter Lungenflügel|Poumon D|Poumon droit|Poumon_Dt|Pulmón derecho|Pulmon der|pulmon_dcho|Polmone dx|
        Polmone destro|Long rechts|Rechter long|右肺|youfei|You_fei|Lung dex""",
    "Lungs": """
        Lungs|LUNGS|lungs|Both Lungs|Lungs_Both|Total Lung|Lung Total|Lung_Total|Lungs Total|TOTAL_LUNG|
        Bilateral Lungs|Lung bilat|Lung_Both|Lung L+R|Lung R+L|Lungen|Lunge gesamt|Lunge ges.|Lunge bds|
        Lunge beidseits|beide Lungen|Poumons|Deux poumons|2 poumons|POUMONS|Pulmones|Ambos pulmones|Polmoni|
        Longen|Beide longen|双肺|全肺|shuangfei|Quan Fei|Whole lung|Lungs combined|Lunge li+re|Combined Lung""",
    "Lungs-GTV": """
        Lungs-GTV|Lungs - GTV|LUNGS-GTV|lungs minus GTV|Both lungs - GTV|Total Lung-GTV|Lungen ohne GTV|
        Lung total - GTV""",
    "Heart": """
        Heart|HEART|heart|Whole Heart|Heart total|Herz|HERZ|Cœur|Coeur|COEUR|Corazón|corazon|Cuore|CUORE|Hart|心脏|
        xinzang|Cor""",
    "Esophagus": """
        Esophagus|ESOPHAGUS|Oesophagus|oesophagus|Esoph|Oesoph|ESO|Ösophagus|OESOPHAGUS|Speiseröhre|Œsophage|
        Oesophage|Esófago|esofago|ESOFAGO|Slokdarm|食管|食道|shiguan""",
    "SpinalCord": """
        SpinalCord|Spinal Cord|spinal_cord|SPINAL CORD|Spinal-Cord|Cord|CORD|cord|Cord, spinal|SpCord|Sp. Cord|
        Spine Cord|Rückenmark|RUECKENMARK|Myelon|Moelle|Moelle épinière|moelle_epiniere|Médula|Médula espinal|
        medula espinal|Midollo|Midollo spinale|Ruggenmerg|脊髓|jisui|S.Cord|Rueckenmark""",
    "SpinalCanal": """
        SpinalCanal|Spinal Canal|SPINAL_CANAL|spinal canal|Spinalkanal|Canal médullaire|canal rachidien|
        Canal medular|Canale midollare|canale spinale|Wervelkanaal|Vertebral canal|椎管""",
    "Body": """
        Body|BODY|body|External|EXTERNAL|Ext|Outline|Patient Outline|Body contour|Außenkontur|Aussenkontur|
        Körper|Koerper|Contour externe|Corps|Contorno externo|Contorno|Corpo|Lichaam|体表|Patient|Extern""",
    "Trachea": "Trachea|TRACHEA|trachea|Trachée|Tráquea|traquea|Luftröhre|Luchtpijp|气管",
    "BrachialPlex_L": """
        BrachialPlex_L|Brachial Plexus L|Lt Brachial Plexus|Plexus brachialis li|brachial_plexus_left|
        L brach plexus""",
    "BrachialPlex_R": """
        BrachialPlex_R|Brachial plexus right|Rt brachial plexus|Plexus brachialis rechts|Plexo braquial der|
        R_BrachialPlexus""",
    "BrachialPlexs": "BrachialPlexs|Brachial plexus both|Bilateral brachial plexus",
    "GTV": """
        GTV|gtv|GTVp|GTV_p|GTV-P|GTVn|GTV-N 2|GTV n|GTVp1|GTVn1|GTVn2|GTV1|GTV_1|GTV 2|GTV primary|GTV_Primary|
        GTV-T|GTV_T|GTV_LN|GTV nodes|GTV nodal|GTV node 1|GTV_LUL|GTV RLL|GTV-RUL|GTV tumor|GTV_N_4R|GTV LN7|
        GTV_lung|GTVtotal|GTV_total|GTV 60|GTV_66Gy|GTVp+n|GTV LK|Primary GTV|nodal gtv|GTV_mediast|GTV hilum""",
    "IGTV": "IGTV|iGTV|igtv 60|IGTV_60|iGTVp|I-GTV|IGTVn|iGTV LN|iGTV 1|IGTV_RUL",
    "ITV": "ITV|itv|ITV_60|ITVp|ITVn|ITV 1|ITV_54Gy|ITV LUL",
    "CTV": "CTV|ctv|CTVp|CTVn|CTV1|CTV_60|CTV 50.4|CTV_5040|CTV-N|CTV nodes|CTV_High|CTV boost|CTV T",
    "PTV": """
        PTV|ptv|PTV_41.4|PTV 41,4|PTV60|PTV_60|PTV 60 Gy|PTV_60Gy|PTV6000|PTV_6600|PTV 6000cGy|PTV_5040x28|
        PTV60/30|PTV_60Gy/30fx|PTV1|PTV 2|PTV_boost|Boost PTV|PTVp|PTVn|PTV_High|PTV_Low|PTV_Mid|PTV48/4|
        PTV_54 Gy in 3 fx|PTV_RUL|PTV LUL 50|PTV total|PTVp_6600|PTV-60|PTV Node""",
    "": """
        Lung_L_avoid|zLung|zLung_L|z_Lungs|_Lung_L|~Lung_L|xLung|Lung_L-PTV|Lungs-PTV|Lungs-CTV|Lungs-ITV|
        Lungs-IGTV|Lung-L minus PTV|Lung R - GTV|Lung_opt|Lung L opt|Lungs_dose|LungAvoid|LUL|RLL|Lung_Lobe_LUL|
        Left upper lobe|Lung_Ipsi|Ipsilateral lung|Contralateral Lung|Lung_Contra|Lung_L_R|Left lung R|PRV cord|
        Cord PRV|Cord_PRV05|SpinalCord_PRV05|SpinalCord_05|Spinal cord + 5mm|Cord+5|Cord 5mm|cord_exp|CordPRV|
        Cord avoid|Heart+5mm|Heart-PTV|HeartAvoid|Heart_PRV|zHeart|Heart Wall|ring PTV|PTV ring|PTV_Ring|Ring1|
        Ring 2cm|PTV+5mm|PTV_exp|PTV+1cm|PTV-03|PTV opt|PTVopt|optPTV|PTV_eval|PTV eval|PTV-Lung|PTV-GTV|zPTV|
        zPTV_60|nPTV|_PTV|PTV!|PTV^old|PTV_old|GTV_old|oldGTV|GTV+1cm|GTV 50%|GTV_exhale|GTV_T50 exp|GTV_MIP|
        GTV_20130405|couch|Couch Surface|CouchSurface|CouchInterior|Table|body-PTV|Body - PTV|Body-5mm|BODY_OPT|
        Skin|Bolus|Bolus_5mm|Liver|Stomach|Larynx|Thyroid|Kidney_L|Kidney R|Breast_L|LAD|A_LAD|A_Aorta|Aorta|SVC|
        V_Venacava_S|Carina|Bronchus|Bronchus_Main_L|ProxBronchTree|Proximal bronchial tree|Chestwall|Chest Wall|
        Chestwall_L|Ribs|Rib 5 L|Sternum|Spine|Vertebra T5|T6|Pericardium|Atrium_L|Ventricle_R|GreatVes|
        Great vessels|Dose 50%|50% isodose|Isodose_2000|V20|NS_ring|Hilfsstruktur|Hilfskontur 1|Ref point|ISO|
        Marker 1|Fiducial_1|Pacemaker|Artifact|Metal|Contrast|Dens_ovr|Eso avoid|zEso|Esophagus_PRV|
        Esophagus-PTV|Eso+5|Esophagus contra|Trachea_PRV|Trachea+bronchi|Pulmonary artery|A_Pulmonary|Pulm_A|
        Tumorbett|Tongue L|Humerus_L|Scapula L|Clavicle_R|Parotid_L|Lens_L|Brain|Brainstem|Bowel|Spleen|Kidneys|
        Optimierung|Normal tissue|Body_Norm|NT-PTV|Interlobar|Lymph nodes|Hilus L|Mediastinum|Thymus|Diaphragm|
        Leber|Magen|Herz + 1 cm|Herz-PTV|Lunge-PTV|Lunge li ohne PTV|Poumon G - PTV|Poumons-PTV|pulmones - PTV|
        pulmon sin PTV|Heart and lungs|Lungs AND PTV|Lung overlap PTV|GTV CTV|ICTV|x|1|Structure 1|Smith J|
        Dr Heart|Cord L|Heart L|Left heart|Lungs_L""",
}  # fmt: skip
TYPED_WRONG = {
    "Lung_L": """
        Lugn L|Left Lnug|Lungg_L|Lung_L new|Lung L final|Lt lumg|Lunng left|Lung_L edited|Linke Lnuge|
        Lung L (auto)""",
    "Lung_R": "Rihgt lung|Lnug R|Right lung new|Lung_R_final|Lung R ok|Rt Lunge neu|Pulmn der|Polmne dx",
    "Lungs": "Lung|lung|Lungss|Lugns|Lunge|poumon|Lungs new|Lungs_auto",
    "Heart": "Haert|Heart new|Heart_final|Hearrt|Hart new|heart (edited)|Heat|Herzz|Coeurr",
    "Esophagus": """
        Esophgus|Oesophgaus|Esophagaus|Esopagus|Oesphagus|Eosphagus|Esophagus_new|esophogus|Ösophagus neu|
        Oesopahgus""",
    "SpinalCord": """
        Spinal crod|SpinalCrd|Spnal cord|Spinal Chord|Spincal cord|Cord_final|Rückemark|Spinal cord auto|
        Sipnal cord""",
    "SpinalCanal": "Spinal cannal|Spinal canl|Spinalcanal new|Spinalkanl",
    "Body": "Bodyy|Externl|Body new|Exteral|Patient Outlne",
    "Trachea": "Trachae|Tracea|Trachea_new|Tracheaa",
    "BrachialPlex_R": "Brachal plexus R|R Brachial Plexsu",
    "BrachialPlexs": "Brachial Plexus",
    "GTV": "GTV_PET|GTV CT|GTV new|GTVp_final|GTV 4D",
    "PTV": "PTV new|PTV_60_final",
    "": """
        Hernia|Cardia|Chart|Earth|Boddle|Bodybag|Tracheostoma|Colon L|Lingula|Long bone L|Lung nodule L|
        Lung cancer R|Spinal cyst|Canal ear R|Spinal fluid|Esophageal stent|Heartblock|Rind|Tung R|Ling R|Lund L|
        Cordis|Externals iliac|Plexus lumbalis L|Nerve L|Lunula R""",
}  # fmt: skip
UNSEEN = {
    "Lung_L": """
        L_LUNG|LEFT LUNG|lung lft|Lung-Lt|Lunge_links|LUNGE LI.|poumon gauche|Pulmón Izq.|polmone sx.|
        Lungenfluegel li|Lung left|OAR_Lung_L|Lt_lung_new""",
    "Lung_R": """
        R-Lung|LUNG RT|Rgt Lung|lung right|Re Lunge|Pulmón dcho|POLMONE_DX|Longen R|long_re""",
    "Lungs": """
        Lungs_total|BothLungs|LUNG BOTH|Lung_Sum|Lung all|Lungs L+R|Total lungs|Gesamtlunge|Lungs (both)|
        lung_bil|LungTotal|Poumons totaux|pulmones total|Polmoni_tot""",
    "Heart": """
        HEART_|Hrt|Heart (H)|Heart2|HEART WHOLE|Herz_neu""",
    "Esophagus": """
        Oes|Oesophag|ESOPHAGE|Esofago |Esophagus_S|esophgaus|Speiserohre""",
    "SpinalCord": """
        SPINALCORD|Spinalcord|SPINE CORD|Myelom|Rueckenmark|Medulla|SpinalCord(thecal)|Spinalmark|CORD_""",
    "SpinalCanal": """
        spinal_canal|SpinalCan|Canal|Spinal Canal new|Can. medullaire""",
    "Body": """
        BODY1|External Contour|Aussenkontur|Outer Contour|Patientenumriss""",
    "GTV": """
        GTV prim|GTV-LK|GTV_N|gtvLN|GTV_RUL_nodule|GTVtumour|GTVp_CT1|GTV_post chemo""",
    "PTV": """
        PTV_6000cGy|PTV 1.8Gyx28|PTV_ALL|PTV66|PTV1_60|PTV_Total_60|ptv 60.0Gy|PTV_50_4""",
    "": """
        Lungs-GTV+5|Skin|Lung L+PTV|Lungs_sub_PTV|PRV_Cord|Cord_prv_5|cord+0.5|PTVring|Heart LV|Heart-L|Lung_Art|
        NTPTV|PTV minus Lung|Lunge-GTV li|LAD_PRV|Lung_L_Ring|HU_Lung|Spinal Cord Max|Esophagus in field|
        Eso_in_PTV|Bronchial tree|Lung_GTV|External-PTV|Lungs+PTV|PTV_Lung_overlap|LungL_rind|WholeBrain|CTV-GTV|
        Body_Ring|L.Lung_V20""",
}  # fmt: skip


def listed(groups: dict[str, str]) -> list[tuple[str, str]]:
    """Give (ROI name, expected structure)."""
    return [(name.strip(), structure) for structure, names in groups.items() for name in names.split("|")]
